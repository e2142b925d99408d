#pragma once
// A batch of billiards shots (see billiards.cpp) in one memory space: solve, adjoint and tangent of
// all of its problems.

#include <cstdint>
#include <span>
#include <vector>

#include "lanes/lanes.hpp"
#include "models/billiards/hard_discs.hpp"

namespace jpo::billiards {

/// Flights at time 0: the cue at (0, 0) with velocity m, the other balls at rest at c.
JPO_KERNEL inline void set_up(std::span<const double> c, std::span<const double> m,
                              std::span<hard_discs::Flight> balls) {
  balls[0] = {{0.0, 0.0}, {m[0], m[1]}};
  for (std::size_t k = 1; k < balls.size(); ++k)
    balls[k] = {{c[2 * k - 2], c[2 * k - 1]}, {0.0, 0.0}};
}

/// What the kernels of all calls share: the balls at hand and the collisions of the last solve.
struct ShotData {
  hard_discs::Rules rules;
  std::int64_t n_ball;
  hard_discs::Flight* balls;  ///< [problem][n_ball]; on the host all problems use the same
  std::int64_t balls_stride;
  hard_discs::Collision* collisions;  ///< of problem k from first[k] on
  const std::int64_t* first;          ///< [problem + 1]: room for first[k + 1] - first[k]
  double* counts;                     ///< of collisions [problem]; -1 where the solve failed
};

/// The last solve's collisions stay for adjoint and tangent.
class Shots {
 public:
  Shots(const hard_discs::Rules& rules, std::int64_t n_ball, MemorySpace space);

  /// y = centre of ball 1 at the horizon. Returns the number of collisions of each problem, -1
  /// where the run did not end or its inputs make no sense.
  std::vector<double> solve(BatchRows<const double> c, BatchRows<const double> m,
                            BatchRows<double> y);
  void adjoint(BatchRows<const double> w, BatchRows<double> g);
  void tangent(BatchRows<const double> v, BatchRows<double> dy);
  /// Of memory, until a problem with more than n_ball collisions comes: it gets what it needs.
  double bytes_per_problem() const;

 private:
  void make_room(const std::vector<double>& counts);
  bool has_room(const std::vector<double>& counts) const;
  void check_count(std::int64_t n) const;

  MemorySpace space_;
  GrowingArray<hard_discs::Flight> balls_;
  GrowingArray<hard_discs::Collision> collisions_;
  GrowingArray<double> counts_;
  GrowingArray<std::int64_t> rooms_;  ///< ShotData::first
  std::vector<std::int64_t> first_;   ///< the same on the host; of the last solve
  ShotData data_;
};

}  // namespace jpo::billiards
