#pragma once
// The billiards model (see billiards.cpp) as a physics of BatchedModel, one problem at a time. The
// states are the collisions of each problem. They are in arrays of the model, because their number
// is known only after the run.

#include <cmath>
#include <cstdint>
#include <span>

#include "models/batched_model.hpp"
#include "models/billiards/hard_discs.hpp"

namespace jpo::billiards {

/// Sets the position and velocity of each ball at time 0 (Flight, hard_discs.hpp): the cue at (0,
/// 0) with velocity m, the other balls at rest at c.
JPO_KERNEL inline void set_up(std::span<const double> c, std::span<const double> m,
                              std::span<hard_discs::Flight> balls) {
  balls[0] = {{0.0, 0.0}, {m[0], m[1]}};
  for (std::size_t k = 1; k < balls.size(); ++k)
    balls[k] = {{c[2 * k - 2], c[2 * k - 1]}, {0.0, 0.0}};
}

/// Stores the first `capacity` collisions of a run and counts all of them.
struct Record {
  hard_discs::Collision* collisions;
  std::int64_t capacity;
  std::int64_t n = 0;
  JPO_KERNEL void push_back(const hard_discs::Collision& collision) {
    if (n < capacity) collisions[n] = collision;
    ++n;
  }
};

struct Physics {
  /// A solve with larger coordinates or velocities fails (status diverged), because their products
  /// could overflow.
  static constexpr double largest_input = 1e6;

  hard_discs::Rules rules;
  std::int64_t n_ball;
  /// Collisions of problem k are in [first[k], first[k + 1]).
  hard_discs::Collision* collisions;
  const std::int64_t* first;
  /// Number of collisions [problem]; -1 if the solve failed.
  std::int64_t* counts;

  PhysicsSizes sizes() const {
    static_assert(sizeof(hard_discs::Flight) % sizeof(double) == 0);
    return {.scratch = n_ball * std::int64_t{sizeof(hard_discs::Flight) / sizeof(double)}};
  }

  JPO_KERNEL SolveStatus solve(const ProblemMemory& at, std::span<const double> c,
                               std::span<double> y) const {
    const std::span<hard_discs::Flight> balls = balls_of(at);
    set_up(c, at.m, balls);
    const std::int64_t begin = first[at.problem];
    Record record{collisions + begin, first[at.problem + 1] - begin};
    const bool ended = is_in_range(c) && is_in_range(at.m) && hard_discs::run(rules, balls, record);
    counts[at.problem] = ended ? record.n : -1;
    const hard_discs::Vector2 end = balls[1].at(rules.horizon);
    y[0] = end.x;
    y[1] = end.y;
    return ended ? SolveStatus::converged : SolveStatus::diverged;
  }

  JPO_KERNEL void adjoint(const ProblemMemory& at, std::span<const double> w,
                          std::span<double> g) const {
    const std::span<hard_discs::Flight> balls = balls_of(at);
    for (hard_discs::Flight& ball : balls) ball = hard_discs::Flight();
    const hard_discs::Vector2 weight = {w[0], w[1]};
    balls[1] = {weight, rules.horizon * weight};
    hard_discs::pull_back(rules, record_of(at.problem), balls);
    g[0] = balls[0].velocity.x;
    g[1] = balls[0].velocity.y;
  }

  JPO_KERNEL void tangent(const ProblemMemory& at, std::span<const double> v,
                          std::span<double> dy) const {
    const std::span<hard_discs::Flight> balls = balls_of(at);
    for (hard_discs::Flight& ball : balls) ball = hard_discs::Flight();
    balls[0].velocity = {v[0], v[1]};
    hard_discs::push_forward(rules, record_of(at.problem), balls);
    const hard_discs::Vector2 end = balls[1].at(rules.horizon);
    dy[0] = end.x;
    dy[1] = end.y;
  }

 private:
  JPO_KERNEL std::span<hard_discs::Flight> balls_of(const ProblemMemory& at) const {
    return {reinterpret_cast<hard_discs::Flight*>(at.scratch), static_cast<std::size_t>(n_ball)};
  }
  /// Returns the collisions of a problem; none if the solve failed.
  JPO_KERNEL std::span<const hard_discs::Collision> record_of(std::int64_t problem) const {
    const std::int64_t n = counts[problem] > 0 ? counts[problem] : 0;
    return {collisions + first[problem], static_cast<std::size_t>(n)};
  }
  /// Returns true if all values are within +-largest_input; false if one is NaN.
  JPO_KERNEL static bool is_in_range(std::span<const double> values) {
    for (const double value : values)
      if (!(std::abs(value) <= largest_input)) return false;
    return true;
  }
};

}  // namespace jpo::billiards
