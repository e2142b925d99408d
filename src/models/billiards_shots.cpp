#include "models/billiards_shots.hpp"

#include <algorithm>
#include <cmath>

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
  return {data.collisions + problem * data.capacity, static_cast<std::size_t>(n)};
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
      Record record{data.collisions + problem * data.capacity, data.capacity};
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

// Usual shots have fewer collisions than there are balls.
Shots::Shots(const hard_discs::Rules& rules, std::int64_t n_ball, MemorySpace space)
    : space_(space),
      balls_(space),
      collisions_(space),
      counts_(space),
      data_{.rules = rules,
            .n_ball = n_ball,
            .balls = nullptr,
            .balls_stride = space == MemorySpace::host ? 0 : n_ball,
            .collisions = nullptr,
            .capacity = n_ball,
            .counts = nullptr} {}

std::vector<double> Shots::solve(BatchRows<const double> c, BatchRows<const double> m,
                                 BatchRows<double> y) {
  const std::int64_t n = m.n_problem();
  balls_.reserve((space_ == MemorySpace::host ? 1 : n) * data_.n_ball);
  counts_.reserve(n);
  data_.balls = balls_.data();
  data_.counts = counts_.data();
  // Once more where a shot had more collisions than any before: rare, as the room stays.
  for (;;) {
    collisions_.reserve(n * data_.capacity);
    data_.collisions = collisions_.data();
    launch(space_, n_block_of(n), SolveKernel{data_, c, m, y});
    std::vector<double> counts = counts_.read(0, n);
    double largest = 0.0;
    for (const double count : counts) largest = std::max(largest, count);
    if (largest <= static_cast<double>(data_.capacity)) return counts;
    data_.capacity = static_cast<std::int64_t>(largest);
  }
}

void Shots::adjoint(BatchRows<const double> w, BatchRows<double> g) {
  launch(space_, n_block_of(g.n_problem()), AdjointKernel{data_, w, g});
}

void Shots::tangent(BatchRows<const double> v, BatchRows<double> dy) {
  launch(space_, n_block_of(dy.n_problem()), TangentKernel{data_, v, dy});
}

double Shots::bytes_per_problem() const {
  const auto n_ball = static_cast<double>(data_.n_ball);
  const double at_hand = space_ == MemorySpace::host ? 0.0 : n_ball * sizeof(Flight);
  return n_ball * sizeof(Collision) + sizeof(double) + at_hand;
}

}  // namespace jpo::billiards
