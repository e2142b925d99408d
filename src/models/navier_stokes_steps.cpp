#include "models/navier_stokes_steps.hpp"

#include <algorithm>
#include <utility>

namespace jpo::navier_stokes {

Steps::Steps(const Grid& grid, const Checkpoints& checkpoints)
    : grid_(grid),
      checkpoints_(checkpoints),
      projection_(grid),
      scale_(grid),
      rows_(grid),
      field_(grid),
      other_(grid) {
  for (LaneBuffer* buffer : {&rate_, &tangent_rate_, &spare_, &spare2_})
    buffer->reserve(grid_.block_size());
  between_.reserve(checkpoints_.n_between() * grid_.block_size());
}

void Steps::rate(const double* u, double* rate) {
  field_.look_at(u);
  const auto emit = [&](std::int64_t face, const Lanes& sum) { store(rate + face * n_lane, sum); };
  sweep(
      grid_.n, RateShares{field_, scale_}, rows_,
      [&](std::int64_t i, std::int64_t j, const Lanes& sum) { emit(grid_.u_face(i, j), sum); },
      [&](std::int64_t i, std::int64_t j, const Lanes& sum) { emit(grid_.v_face(i, j), sum); });
}

// result = u[t+1] from u = u[t]; rate_ goes from N[t-1] to N[t].
void Steps::advance(std::int64_t t, const double* u, double* result) {
  const double newer_dt = newer(t);
  const double older_dt = older(t);
  double* rate = rate_.data();
  field_.look_at(u);
  const auto emit = [&](std::int64_t face, const Lanes& sum) __attribute__((always_inline)) {
    const std::int64_t at = face * n_lane;
    store(result + at, load(u + at) + (newer_dt * sum - older_dt * load(rate + at)));
    store(rate + at, sum);
  };
  sweep(
      grid_.n, RateShares{field_, scale_}, rows_,
      [&](std::int64_t i, std::int64_t j, const Lanes& sum)
          __attribute__((always_inline)) { emit(grid_.u_face(i, j), sum); },
      [&](std::int64_t i, std::int64_t j, const Lanes& sum)
          __attribute__((always_inline)) { emit(grid_.v_face(i, j), sum); });
  projection_.apply(result);
}

void Steps::advance_tangent(std::int64_t t, const double* u, const double* v, double* result) {
  const double newer_dt = newer(t);
  const double older_dt = older(t);
  double* rate = tangent_rate_.data();
  field_.look_at(u);
  other_.look_at(v);
  const auto emit = [&](std::int64_t face, const Lanes& sum) __attribute__((always_inline)) {
    const std::int64_t at = face * n_lane;
    store(result + at, load(v + at) + (newer_dt * sum - older_dt * load(rate + at)));
    store(rate + at, sum);
  };
  sweep(
      grid_.n, TangentShares{field_, other_, scale_}, rows_,
      [&](std::int64_t i, std::int64_t j, const Lanes& sum)
          __attribute__((always_inline)) { emit(grid_.u_face(i, j), sum); },
      [&](std::int64_t i, std::int64_t j, const Lanes& sum)
          __attribute__((always_inline)) { emit(grid_.v_face(i, j), sum); });
  projection_.apply(result);
}

// lambda[t] = mu[t+1] + (dN/du)^T nu, nu = dt (f mu[t+1] - mu[t+2] / 2) the cotangent of N[t], f as
// in advance; mu[t+1] = P lambda[t+1], mu[n_step+1] = 0.
void Steps::pull_back(std::int64_t t, const double* u, const double* mu_next2,
                      const double* mu_next, double* lambda) {
  double* nu = tangent_rate_.data();
  const double newer_dt = newer(t);
  const double older_dt = older(t + 1);
  for (std::int64_t at = 0; at < grid_.block_size(); at += n_lane)
    store(nu + at, newer_dt * load(mu_next + at) - older_dt * load(mu_next2 + at));
  field_.look_at(u);
  other_.look_at(nu);
  const auto emit = [&](std::int64_t face, const Lanes& sum) __attribute__((always_inline)) {
    store(lambda + face * n_lane, load(mu_next + face * n_lane) + sum);
  };
  sweep(
      grid_.n, AdjointShares{field_, other_, scale_}, rows_,
      [&](std::int64_t i, std::int64_t j, const Lanes& sum)
          __attribute__((always_inline)) { emit(grid_.u_face(i, j), sum); },
      [&](std::int64_t i, std::int64_t j, const Lanes& sum)
          __attribute__((always_inline)) { emit(grid_.v_face(i, j), sum); });
}

void Steps::forward(double* record) {
  // Not from an earlier block: 0 times its NaN would be one.
  std::fill_n(rate_.data(), grid_.block_size(), 0.0);
  const double* u = state(record, 0);
  projection_.apply(state(record, 0));
  for (std::int64_t t = 0; t < grid_.n_step; ++t) {
    if (checkpoints_.keeps_rates() && checkpoints_.keeps(t))
      std::copy_n(rate_.data(), grid_.block_size(), state(record, t) + grid_.block_size());
    double* next = checkpoints_.keeps(t + 1)
                       ? state(record, t + 1)
                       : between_.data() + (t % checkpoints_.stride) % 2 * grid_.block_size();
    advance(t, u, next);
    u = next;
  }
}

// The states inside a segment once more, by the same arithmetic.
void Steps::recompute(const double* record, std::int64_t segment) {
  const std::int64_t begin = checkpoints_.segment_begin(segment);
  if (!checkpoints_.keeps_rates()) return;
  std::copy_n(state(record, begin) + grid_.block_size(), grid_.block_size(), rate_.data());
  for (std::int64_t t = begin; t + 1 < checkpoints_.segment_end(segment); ++t)
    advance(t, state_in_segment(record, segment, t),
            between_.data() + (t - begin) * grid_.block_size());
}

const double* Steps::state_in_segment(const double* record, std::int64_t segment,
                                      std::int64_t t) const {
  const std::int64_t begin = checkpoints_.segment_begin(segment);
  return t == begin ? state(record, t) : between_.data() + (t - begin - 1) * grid_.block_size();
}

void Steps::tangent(const double* record, double* velocity) {
  projection_.apply(velocity);
  std::fill_n(tangent_rate_.data(), grid_.block_size(), 0.0);
  double* v = velocity;
  double* next = spare_.data();
  for (std::int64_t segment = 0; segment < checkpoints_.n_segment(); ++segment) {
    recompute(record, segment);
    for (std::int64_t t = checkpoints_.segment_begin(segment);
         t < checkpoints_.segment_end(segment); ++t) {
      advance_tangent(t, state_in_segment(record, segment, t), v, next);
      std::swap(v, next);
    }
  }
  if (v != velocity) std::copy_n(v, grid_.block_size(), velocity);
}

void Steps::adjoint(const double* record, double* velocity) {
  double* lambda = velocity;
  double* mu = spare_.data();
  double* mu_next = spare2_.data();
  std::fill_n(mu, grid_.block_size(), 0.0);
  for (std::int64_t segment = checkpoints_.n_segment() - 1; segment >= 0; --segment) {
    recompute(record, segment);
    for (std::int64_t t = checkpoints_.segment_end(segment) - 1;
         t >= checkpoints_.segment_begin(segment); --t) {
      projection_.apply(lambda);
      // mu[t+2] = mu, mu[t+1] = lambda; the new lambda takes the free buffer.
      pull_back(t, state_in_segment(record, segment, t), mu, lambda, mu_next);
      std::swap(mu, lambda);
      std::swap(lambda, mu_next);
    }
  }
  projection_.apply(lambda);
  if (lambda != velocity) std::copy_n(lambda, grid_.block_size(), velocity);
}

}  // namespace jpo::navier_stokes
