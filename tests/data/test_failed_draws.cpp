#include <cmath>

#include <gtest/gtest.h>

#include "data/problem_set.hpp"
#include "tests/line_model.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kProblem = 23;

// Writes a plausible observation for failed solves; the contract allows any value there.
class Sometimes : public LineModel {
 public:
  static bool fails(std::span<const double> m) { return m[0] > 1.0; }
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override {
    LineModel::solve(c, m, y, status);
    for (std::int64_t row = 0; row < m.n_problem(); ++row) {
      if (!fails(m.read().row(row))) continue;
      status[static_cast<std::size_t>(row)] = SolveStatus::solver_failed;
      std::ranges::fill(y.write().row(row), 7.0);
    }
  }
};

ProblemSet make_set(ForwardModel& model, double noise, std::int64_t solve_batch) {
  DataSettings settings;
  settings.n_problem = kProblem;
  settings.noise = noise;
  return generate_problems(settings, 7, {kProblem, 4, 1, 0}, solve_batch, model);
}

// A failed draw keeps its parameters, has the status of the failure, and no observation. Other
// problems are unaffected.
TEST(FailedDraws, AreKeptWithoutAnObservation) {
  for (const double noise : {0.0, 0.3})
    for (const std::int64_t solve_batch : {1, 5, 100}) {
      LineModel good;
      Sometimes bad;
      const ProblemSet all = make_set(good, noise, solve_batch);
      const ProblemSet set = make_set(bad, noise, solve_batch);
      int n_failed = 0;
      for (std::int64_t row = 0; row < kProblem; ++row) {
        const bool failed = Sometimes::fails(all.truth.read().row(row));
        n_failed += failed ? 1 : 0;
        EXPECT_EQ(set.draw_status[static_cast<std::size_t>(row)],
                  failed ? SolveStatus::solver_failed : SolveStatus::converged);
        EXPECT_EQ(set.truth.read().row(row)[0], all.truth.read().row(row)[0]);
        EXPECT_EQ(set.context.read().row(row)[0], all.context.read().row(row)[0]);
        for (std::size_t j = 0; j < 3; ++j) {
          const double y = set.observation.read().row(row)[j];
          if (failed)
            EXPECT_TRUE(std::isnan(y)) << "problem " << row << ": " << y;
          else
            EXPECT_EQ(y, all.observation.read().row(row)[j]) << "problem " << row;
        }
      }
      EXPECT_GT(n_failed, 1);
      EXPECT_LT(n_failed, kProblem - 1);
    }
}

}  // namespace
}  // namespace jpo
