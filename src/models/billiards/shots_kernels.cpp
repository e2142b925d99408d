#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "models/billiards/shots.hpp"

namespace jpo::billiards {
namespace {

using hard_discs::Collision;
using hard_discs::Flight;
using hard_discs::Vector2;

// Larger coordinates or speeds are nonsense, and their products could overflow.
constexpr double kLargest = 1e6;

// The first `capacity` collisions of a run, and how many there were.
struct Record {
  Collision* collisions;
  std::int64_t capacity;
  std::int64_t n = 0;
  JPO_KERNEL void push_back(const Collision& collision) {
    if (n < capacity) collisions[n] = collision;
    ++n;
  }
};

JPO_KERNEL inline std::span<Flight> balls_of(const ShotData& data, std::int64_t problem) {
  return {data.balls + problem * data.balls_stride, static_cast<std::size_t>(data.n_ball)};
}

// Empty where the solve failed.
JPO_KERNEL inline std::span<const Collision> record_of(const ShotData& data, std::int64_t problem) {
  const double n = std::max(0.0, data.counts[problem]);
  return {data.collisions + data.first[problem], static_cast<std::size_t>(n)};
}

JPO_KERNEL inline bool all_sane(std::span<const double> values) {
  for (const double value : values)
    if (!(std::abs(value) <= kLargest)) return false;  // NaN is not, either
  return true;
}

struct SolveKernel {
  ShotData data;
  BatchRows<const double> c, m;
  BatchRows<double> y;
  JPO_KERNEL void operator()(std::int64_t block) const {
    for_each_problem(block, y.n_problem(), [&](std::int64_t problem) {
      const std::span<Flight> balls = balls_of(data, problem);
      set_up(c.row(problem), m.row(problem), balls);
      const std::int64_t first = data.first[problem];
      Record record{data.collisions + first, data.first[problem + 1] - first};
      const bool ended = all_sane(c.row(problem)) && all_sane(m.row(problem)) &&
                         hard_discs::run(data.rules, balls, record);
      data.counts[problem] = ended ? static_cast<double>(record.n) : -1.0;
      const Vector2 end = balls[1].at(data.rules.horizon);
      y.row(problem)[0] = end.x;
      y.row(problem)[1] = end.y;
    });
  }
};

struct AdjointKernel {
  ShotData data;
  BatchRows<const double> w;
  BatchRows<double> g;
  JPO_KERNEL void operator()(std::int64_t block) const {
    for_each_problem(block, g.n_problem(), [&](std::int64_t problem) {
      const std::span<Flight> balls = balls_of(data, problem);
      for (Flight& ball : balls) ball = Flight();
      const Vector2 weight = {w.row(problem)[0], w.row(problem)[1]};
      balls[1] = {weight, data.rules.horizon * weight};
      hard_discs::pull_back(data.rules, record_of(data, problem), balls);
      g.row(problem)[0] = balls[0].velocity.x;
      g.row(problem)[1] = balls[0].velocity.y;
    });
  }
};

struct TangentKernel {
  ShotData data;
  BatchRows<const double> v;
  BatchRows<double> dy;
  JPO_KERNEL void operator()(std::int64_t block) const {
    for_each_problem(block, dy.n_problem(), [&](std::int64_t problem) {
      const std::span<Flight> balls = balls_of(data, problem);
      for (Flight& ball : balls) ball = Flight();
      balls[0].velocity = {v.row(problem)[0], v.row(problem)[1]};
      hard_discs::push_forward(data.rules, record_of(data, problem), balls);
      const Vector2 end = balls[1].at(data.rules.horizon);
      dy.row(problem)[0] = end.x;
      dy.row(problem)[1] = end.y;
    });
  }
};

}  // namespace

Shots::Shots(const hard_discs::Rules& rules, std::int64_t n_ball, MemorySpace space)
    : space_(space),
      balls_(space),
      collisions_(space),
      counts_(space),
      rooms_(space),
      data_{.rules = rules,
            .n_ball = n_ball,
            .balls = nullptr,
            .balls_stride = shares_scratch(space) ? 0 : n_ball,
            .collisions = nullptr,
            .first = nullptr,
            .counts = nullptr} {}

std::vector<double> Shots::solve(BatchRows<const double> c, BatchRows<const double> m,
                                 BatchRows<double> y) {
  const std::int64_t n = m.n_problem();
  balls_.reserve((shares_scratch(space_) ? 1 : n) * data_.n_ball);
  counts_.reserve(n);
  data_.balls = balls_.data();
  data_.counts = counts_.data();
  // Usual shots have fewer collisions than there are balls.
  if (std::ssize(first_) != n + 1) make_room(std::vector<double>(static_cast<std::size_t>(n)));
  const auto run = [&] {
    launch(space_, n_block_of(n), SolveKernel{data_, c, m, y});
    return counts_.read(0, n);
  };
  std::vector<double> counts = run();
  if (has_room(counts)) return counts;
  make_room(counts);
  return run();
}

// As many as there are balls, and half as many again where there were more: the next shots of this
// problem will be much like this one.
void Shots::make_room(const std::vector<double>& counts) {
  first_.assign(1, 0);
  for (const double count : counts) {
    const auto n = static_cast<std::int64_t>(count);
    first_.push_back(first_.back() + std::max(data_.n_ball, n > data_.n_ball ? n + n / 2 : 0));
  }
  rooms_.reserve(std::ssize(first_));
  copy_values(space_, rooms_.data(), MemorySpace::host, first_.data(), std::ssize(first_));
  collisions_.reserve(first_.back());
  data_.first = rooms_.data();
  data_.collisions = collisions_.data();
}

bool Shots::has_room(const std::vector<double>& counts) const {
  for (std::size_t k = 0; k < counts.size(); ++k)
    if (counts[k] > static_cast<double>(first_[k + 1] - first_[k])) return false;
  return true;
}

void Shots::check_count(std::int64_t n) const {
  if (n + 1 != std::ssize(first_)) throw std::logic_error("not the problems of the last solve");
}

void Shots::adjoint(BatchRows<const double> w, BatchRows<double> g) {
  check_count(g.n_problem());
  launch(space_, n_block_of(g.n_problem()), AdjointKernel{data_, w, g});
}

void Shots::tangent(BatchRows<const double> v, BatchRows<double> dy) {
  check_count(dy.n_problem());
  launch(space_, n_block_of(dy.n_problem()), TangentKernel{data_, v, dy});
}

double Shots::bytes_per_problem() const {
  const auto n_ball = static_cast<double>(data_.n_ball);
  const double at_hand = shares_scratch(space_) ? 0.0 : n_ball * sizeof(Flight);
  return n_ball * sizeof(Collision) + sizeof(double) + sizeof(std::int64_t) + at_hand;
}

}  // namespace jpo::billiards
