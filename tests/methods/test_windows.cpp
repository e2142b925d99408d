// Tests the method windows (quasi-static time windows) on a small assimilation problem.

#include <gtest/gtest.h>

#include "tests/methods/make_job.hpp"

namespace jpo {
namespace {

constexpr const char* kDeck = R"(
[run]
name = "windows"
[data]
n_problem = 8
noise = 0.1
[misfit]
residual_scale = 0.1
prior_weight = 1.0
[model]
name = "kuramoto_sivashinsky"
unknown = "initial_state"
horizon = 15.0
n_grid = 64
time_step = 0.25
[parallel]
micro_batch = 2
[[method]]
name = "windows"
kind = "windows"
stages = 5
stage_evaluations = 8
last_evaluations = 40
[[method]]
name = "bfgs"
kind = "tao"
max_evaluations = 56
)";

// The stages use 2, 4, 6, 8 and 10 of ten times: at most 8 (0.2 + 0.4 + 0.6 + 0.8) + 40 = 56
// evaluations.
TEST(Windows, CostTheirShareOfTheHorizonAndEndBelowTheTruth) {
  Job job = solved_job(kDeck, {}, MPI_COMM_WORLD);
  const MethodResult& windows = job.results()[0];
  for (std::size_t row = 0; row < windows.loss.size(); ++row) {
    EXPECT_LE(windows.ledger.solves(static_cast<std::int64_t>(row)), 2.0 * 56.0 + 1e-9);
    EXPECT_GT(windows.ledger.solves(static_cast<std::int64_t>(row)), 2.0 * 16.0);
    EXPECT_LE(windows.loss[row], 1.001 * job.floor()[row]);
  }
}

// The method restores the objective: the next method uses all observations.
TEST(Windows, RestoreTheObjective) {
  const Job after = solved_job(kDeck, {}, MPI_COMM_WORLD);
  std::string alone = kDeck;
  const auto first = alone.find("[[method]]");
  alone.erase(first, alone.find("[[method]]", first + 1) - first);
  const Job without = solved_job(alone, {}, MPI_COMM_WORLD);
  EXPECT_EQ(answers_of(after, 1).hash, answers_of(without, 0).hash);
}

}  // namespace
}  // namespace jpo
