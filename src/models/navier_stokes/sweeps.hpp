#pragma once
// The time-stepping scheme of the Navier-Stokes model (see navier_stokes.cpp) on interleaved states
// of one block, as kernels: forward, adjoint and tangent, with checkpoints.

#include <cstdint>

#include "lanes/lanes.hpp"
#include "models/adjoint_checkpoints.hpp"
#include "models/navier_stokes/fluxes.hpp"
#include "models/navier_stokes/grid.hpp"
#include "models/navier_stokes/projection.hpp"

namespace jpo::navier_stokes {

/// u[0] = P u0, u[t+1] = P (u[t] + dt (3/2 N[t] - 1/2 N[t-1])), and u[1] = P (u[0] + dt N[0]).
/// Velocities are [face][lane]. `scratch`: scratch_size() doubles of this block.
struct Scheme {
  Grid grid;
  Checkpoints checkpoints;
  Projection projection;

  /// Returns the number of doubles of the record of one block, which forward() writes for adjoint()
  /// and tangent().
  JPO_KERNEL std::int64_t record_size() const { return checkpoints.n_record() * block_size(); }
  JPO_KERNEL std::int64_t scratch_size() const {
    return (4 + checkpoints.n_between()) * block_size() + projection.scratch_size() +
           3 * grid.n * n_lane + 2 * Field::beyond_size(grid);
  }
  /// Returns the offset of a kept state in a record. Needs checkpoints.keeps(step).
  JPO_KERNEL std::int64_t record_offset(std::int64_t step) const {
    return checkpoints.record_position(step) * block_size();
  }

  /// Computes u[0] .. u[n_step]. On entry, state 0 of the record is u0, which is not yet projected.
  JPO_KERNEL void forward(double* record, double* scratch) const;
  /// Replaces velocity by (du[n_step] / du0) velocity.
  JPO_KERNEL void tangent(const double* record, double* velocity, double* scratch) const;
  /// Replaces velocity by (du[n_step] / du0)^T velocity.
  JPO_KERNEL void adjoint(const double* record, double* velocity, double* scratch) const;
  /// Computes rate = N(u) on every face, for tests.
  JPO_KERNEL void rate(const double* u, double* rate, double* scratch) const;

 private:
  struct Workspace {
    /// N[t-1], then N[t].
    double* rate;
    /// Derivative of N[t]; in the adjoint, the cotangent of N[t].
    double* tangent_rate;
    double *spare, *spare2;
    /// States between two checkpoints.
    double* between;
    double* pressure;
    SweepRows rows;
    /// Rows beyond the walls of two fields.
    double *beyond, *beyond2;
  };
  struct Cotangents {
    /// mu[t+2]
    const double* mu;
    /// mu[t+1]
    const double* mu_next;
  };
  JPO_KERNEL std::int64_t block_size() const { return grid.block_size(); }
  JPO_KERNEL double newer(std::int64_t t) const { return t == 0 ? grid.dt : 1.5 * grid.dt; }
  JPO_KERNEL double older(std::int64_t t) const { return t == 0 ? 0.0 : 0.5 * grid.dt; }
  JPO_KERNEL Workspace workspace(double* scratch) const;
  JPO_KERNEL void advance(std::int64_t t, const double* u, double* next,
                          const Workspace& work) const;
  JPO_KERNEL void advance_tangent(std::int64_t t, const double* u, const double* v, double* next,
                                  const Workspace& work) const;
  JPO_KERNEL void pull_back(std::int64_t t, const double* u, const Cotangents& at, double* lambda,
                            const Workspace& work) const;
  JPO_KERNEL void recompute(const double* record, std::int64_t segment,
                            const Workspace& work) const;
  JPO_KERNEL const double* state_in_segment(const double* record, std::int64_t t,
                                            const Workspace& work) const;
};

JPO_KERNEL inline Scheme::Workspace Scheme::workspace(double* scratch) const {
  double* free = scratch;
  const auto take = [&](std::int64_t n) {
    double* const taken = free;
    free += n;
    return taken;
  };
  Workspace work{};
  work.rate = take(block_size());
  work.tangent_rate = take(block_size());
  work.spare = take(block_size());
  work.spare2 = take(block_size());
  work.between = take(checkpoints.n_between() * block_size());
  work.pressure = take(projection.scratch_size());
  work.rows.u_after = take(grid.n * n_lane);
  work.rows.v_side = take(grid.n * n_lane);
  work.rows.v_after = take(grid.n * n_lane);
  work.beyond = take(Field::beyond_size(grid));
  work.beyond2 = take(Field::beyond_size(grid));
  return work;
}

JPO_KERNEL inline void Scheme::rate(const double* u, double* rate, double* scratch) const {
  const Workspace work = workspace(scratch);
  const Field field(grid, u, work.beyond);
  sweep(grid, RateShares{field, FluxScale(grid)}, work.rows,
        [&](std::int64_t face, const Lanes& sum) { store(rate + face * n_lane, sum); });
}

// Computes next = u[t+1] from u = u[t]. work.rate is N[t-1] on entry and N[t] on return.
JPO_KERNEL inline void Scheme::advance(std::int64_t t, const double* u, double* next,
                                       const Workspace& work) const {
  const double newer_dt = newer(t);
  const double older_dt = older(t);
  double* rate = work.rate;
  const Field field(grid, u, work.beyond);
  sweep(
      grid, RateShares{field, FluxScale(grid)},
      work.rows, [&](std::int64_t face, const Lanes& sum) __attribute__((always_inline)) {
        const std::int64_t at = face * n_lane;
        store(next + at, load(u + at) + (newer_dt * sum - older_dt * load(rate + at)));
        store(rate + at, sum);
      });
  projection.apply(next, work.pressure);
}

JPO_KERNEL inline void Scheme::advance_tangent(std::int64_t t, const double* u, const double* v,
                                               double* next, const Workspace& work) const {
  const double newer_dt = newer(t);
  const double older_dt = older(t);
  double* rate = work.tangent_rate;
  const Field field(grid, u, work.beyond);
  const Field along(grid, v, work.beyond2);
  sweep(
      grid, TangentShares{field, along, FluxScale(grid)},
      work.rows, [&](std::int64_t face, const Lanes& sum) __attribute__((always_inline)) {
        const std::int64_t at = face * n_lane;
        store(next + at, load(v + at) + (newer_dt * sum - older_dt * load(rate + at)));
        store(rate + at, sum);
      });
  projection.apply(next, work.pressure);
}

// Computes lambda[t] = mu[t+1] + (dN/du)^T nu. nu = newer(t) mu[t+1] - older(t+1) mu[t+2] is the
// cotangent of N[t]. mu[t+1] = P lambda[t+1], mu[n_step+1] = 0.
JPO_KERNEL inline void Scheme::pull_back(std::int64_t t, const double* u, const Cotangents& at,
                                         double* lambda, const Workspace& work) const {
  double* nu = work.tangent_rate;
  const double newer_dt = newer(t);
  const double older_dt = older(t + 1);
  for (std::int64_t k = 0; k < block_size(); k += n_lane)
    store(nu + k, newer_dt * load(at.mu_next + k) - older_dt * load(at.mu + k));
  const Field field(grid, u, work.beyond);
  const Field cotangent(grid, nu, work.beyond2);
  sweep(
      grid, AdjointShares{field, cotangent, FluxScale(grid)},
      work.rows, [&](std::int64_t face, const Lanes& sum) __attribute__((always_inline)) {
        store(lambda + face * n_lane, load(at.mu_next + face * n_lane) + sum);
      });
}

JPO_KERNEL inline void Scheme::forward(double* record, double* scratch) const {
  const Workspace work = workspace(scratch);
  // Clears values of an earlier block, which is necessary because 0 times NaN is NaN.
  clear_lanes(work.rate, block_size());
  const double* u = record + record_offset(0);
  projection.apply(record + record_offset(0), work.pressure);
  for (std::int64_t t = 0; t < grid.n_step; ++t) {
    if (checkpoints.keeps_rates() && checkpoints.keeps(t))
      copy_lanes(work.rate, block_size(), record + record_offset(t) + block_size());
    double* next = checkpoints.keeps(t + 1)
                       ? record + record_offset(t + 1)
                       : work.between + (t % checkpoints.stride) % 2 * block_size();
    advance(t, u, next, work);
    u = next;
  }
}

// Recomputes the states inside a segment, by the same arithmetic.
JPO_KERNEL inline void Scheme::recompute(const double* record, std::int64_t segment,
                                         const Workspace& work) const {
  if (!checkpoints.keeps_rates()) return;
  const std::int64_t begin = checkpoints.segment_begin(segment);
  copy_lanes(record + record_offset(begin) + block_size(), block_size(), work.rate);
  for (std::int64_t t = begin; t + 1 < checkpoints.segment_end(segment); ++t)
    advance(t, state_in_segment(record, t, work), work.between + (t - begin) * block_size(), work);
}

JPO_KERNEL inline const double* Scheme::state_in_segment(const double* record, std::int64_t t,
                                                         const Workspace& work) const {
  const std::int64_t after = t % checkpoints.stride;
  return after == 0 ? record + record_offset(t) : work.between + (after - 1) * block_size();
}

JPO_KERNEL inline void Scheme::tangent(const double* record, double* velocity,
                                       double* scratch) const {
  const Workspace work = workspace(scratch);
  projection.apply(velocity, work.pressure);
  clear_lanes(work.tangent_rate, block_size());
  double* v = velocity;
  double* next = work.spare;
  for (std::int64_t segment = 0; segment < checkpoints.n_segment(); ++segment) {
    recompute(record, segment, work);
    for (std::int64_t t = checkpoints.segment_begin(segment); t < checkpoints.segment_end(segment);
         ++t) {
      advance_tangent(t, state_in_segment(record, t, work), v, next, work);
      swap_pointers(v, next);
    }
  }
  if (v != velocity) copy_lanes(v, block_size(), velocity);
}

JPO_KERNEL inline void Scheme::adjoint(const double* record, double* velocity,
                                       double* scratch) const {
  const Workspace work = workspace(scratch);
  double* lambda = velocity;
  double* mu = work.spare;
  double* free = work.spare2;
  clear_lanes(mu, block_size());
  for (std::int64_t segment = checkpoints.n_segment() - 1; segment >= 0; --segment) {
    recompute(record, segment, work);
    for (std::int64_t t = checkpoints.segment_end(segment) - 1;
         t >= checkpoints.segment_begin(segment); --t) {
      projection.apply(lambda, work.pressure);
      pull_back(t, state_in_segment(record, t, work), {mu, lambda}, free, work);
      // mu[t+1] was lambda; the buffer of mu[t+2] is free.
      swap_pointers(mu, lambda);
      swap_pointers(lambda, free);
    }
  }
  projection.apply(lambda, work.pressure);
  if (lambda != velocity) copy_lanes(lambda, block_size(), velocity);
}

}  // namespace jpo::navier_stokes
