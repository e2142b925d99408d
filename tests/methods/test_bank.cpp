// Tests the method bank: its budget, bit-identical results on any number of ranks, and that its
// networks improve the results.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "core/statistics.hpp"
#include "tests/methods/make_job.hpp"
#include "training/bank/bank_pairs.hpp"
#include "training/parameter_fit.hpp"

namespace jpo {
namespace {

constexpr const char* kPackets = R"(
[data]
n_problem = 48
noise = 0.1
[model]
name = "wave_packet"
[network]
name = "mlp"
hidden = [64]
[parallel]
micro_batch = 8
[[method]]
kind = "multi_start"
max_evaluations = 60
start_evaluations = 15
[[method]]
kind = "bank"
max_evaluations = 60
start_evaluations = 15
updates = 40
learning_rate = 3e-3
)";

double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

std::int64_t n_solved(const Job& job, std::size_t method) {
  // The expected misfit of 256 values with noise 0.1, plus four standard deviations of it.
  constexpr double kFloor = 0.5 * 256 * 0.01 * 1.36;
  return std::ranges::count_if(job.results()[method].loss,
                               [](double loss) { return loss < kFloor; });
}

TEST(Bank, KeepsItsBudget) {
  const Job job = solved_job(kPackets, {"method.bank.updates=4"}, MPI_COMM_WORLD);
  const auto& bank = job.results()[1];
  const double spent = total(gather_rows(job.evaluations(1), job.comm()));
  EXPECT_LE(spent, 60.0 * 48);
  EXPECT_GT(spent, 40.0 * 48);
  for (const double tangent : bank.ledger.tangent) EXPECT_EQ(tangent, 0.0);
  ASSERT_TRUE(bank.network.has_value());
}

TEST(Bank, SameBitsForEveryRankCount) {
  for (const auto& overrides :
       {std::vector<std::string>{"method.bank.updates=5"},
        {"method.bank.updates=5", "method.bank.simulations=0", "method.bank.random_draws=0"},
        {"method.bank.updates=5", "method.bank.random_draws=0"},
        {"method.bank.updates=5", "data.n_problem=8"},  // ranks without problems
        {"method.bank.updates=5", "fault.problems=[6, 13]", "fault.kind=mask"}}) {
    const Job alone = solved_job(kPackets, overrides, MPI_COMM_SELF);
    const Job shared = solved_job(kPackets, overrides, MPI_COMM_WORLD);
    EXPECT_EQ(answers_of(alone, 1).hash, answers_of(shared, 1).hash);
    EXPECT_EQ(alone.results()[1].network->hash, shared.results()[1].network->hash);
  }
}

TEST(Bank, SimulatesRandomDrawsWithinItsBudget) {
  const Job job = solved_job(
      kPackets, {"method.bank.random_draws=16", "method.bank.max_evaluations=6"}, MPI_COMM_WORLD);
  const auto& ledger = job.results()[1].ledger;
  for (std::size_t row = 0; row < ledger.forward.size(); ++row)
    EXPECT_EQ(ledger.forward[row] - ledger.adjoint[row], 10.0);  // one evaluation remains
  EXPECT_LE(mean(gather_rows(job.evaluations(1), job.comm())), 6.0);
  // A draw is not used as an answer, so each problem is solved too.
  for (std::size_t row = 0; row < ledger.forward.size(); ++row) EXPECT_GT(ledger.adjoint[row], 0.0);
}

// Candidates beyond the budget are omitted, so that an evaluation remains for the solve.
TEST(Bank, SolvesWithAnyNumberOfCandidates) {
  for (const char* candidates : {"method.bank.candidates=3", "method.bank.candidates=4096"}) {
    const Job job =
        solved_job(kPackets, {"method.bank.max_evaluations=10", candidates}, MPI_COMM_WORLD);
    for (const double loss : job.results()[1].loss) EXPECT_TRUE(std::isfinite(loss)) << candidates;
    const std::vector<double> evaluations = gather_rows(job.evaluations(1), job.comm());
    EXPECT_LE(total(evaluations), 10.0 * static_cast<double>(evaluations.size())) << candidates;
  }
}

// Without training pairs: one problem, fewer problems than networks, or all problems masked.
TEST(Bank, WorksWithoutTrainingPairs) {
  for (const auto& overrides : {std::vector<std::string>{"data.n_problem=1"},
                                {"data.n_problem=2", "method.bank.networks=5",
                                 "method.bank.simulations=0", "method.bank.random_draws=0"}}) {
    const Job job = solved_job(kPackets, overrides, MPI_COMM_WORLD);
    for (const double loss : job.results()[1].loss) EXPECT_TRUE(std::isfinite(loss));
    EXPECT_GT(mean(gather_rows(job.evaluations(1), job.comm())), 15.0);
  }
  const Job masked = solved_job(
      kPackets, {"data.n_problem=2", "fault.problems=[0, 1]", "fault.kind=mask"}, MPI_COMM_WORLD);
  for (const StopReason reason : masked.results()[1].reason)
    EXPECT_EQ(reason, StopReason::diverged_at_start);
}

// Errors are drawn from a pool of limited size; here there are more problems.
TEST(Bank, AllowsMoreProblemsThanItsPoolOfErrors) {
  const std::vector<std::string> overrides = {"data.n_problem=600", "method.bank.updates=1",
                                              "method.bank.max_evaluations=35",
                                              "method.multi_start.max_evaluations=1"};
  const Job alone = solved_job(kPackets, overrides, MPI_COMM_SELF);
  const Job shared = solved_job(kPackets, overrides, MPI_COMM_WORLD);
  EXPECT_EQ(answers_of(alone, 1).hash, answers_of(shared, 1).hash);
}

// The mean budget is the same, so the difference comes from the networks.
TEST(Bank, SolvesMoreThanMultiStart) {
  const Job job = solved_job(kPackets, {}, MPI_COMM_SELF);
  EXPECT_GE(n_solved(job, 1), n_solved(job, 0) + 6);
}

// The target of an update is the answer of a problem, if its weight is high, or a visited point.
TEST(BankPairs, UsesAnswersByWeightAndVisitedPoints) {
  Job job = solved_job(
      kPackets,
      {"data.noise=0.0", "method.bank.max_evaluations=1", "method.multi_start.max_evaluations=1"},
      MPI_COMM_SELF);
  Objective objective = job.objective();
  MethodResult result = job.empty_result();
  const Task task = job.task("bank", objective, result);
  BankPairs pairs(task, 4, 3);
  Batch answers(48, 1);
  answers.fill(100.0);
  std::vector<double> weight(48, 0.0);
  weight[0] = 1.0;
  const std::vector<double> y(256, 2.0), m = {50.0};
  for (const std::int64_t row : {1, 2, 5}) pairs.visit(row, m, y);
  // Problem 0 has an answer, problems 1, 2 and 5 have a point each, others have none. Network k is
  // not trained on problems with id = k modulo 3.
  const auto taught = [&](std::int64_t k) {
    pairs.teach(k, answers, weight);
    pairs.begin(0);
    return std::vector<std::int64_t>(pairs.usable().begin(), pairs.usable().end());
  };
  ASSERT_EQ(taught(2), (std::vector<std::int64_t>{0, 1}));
  ASSERT_EQ(taught(0), (std::vector<std::int64_t>{1, 2, 5}));
  ASSERT_EQ(taught(1), (std::vector<std::int64_t>{0, 2, 5}));
  EXPECT_TRUE(std::ranges::equal(pairs.observation().read().row(2), y));
  EXPECT_TRUE(std::ranges::equal(pairs.observation().read().row(0),
                                 task.objective.problems().observation.read().row(0)));
  Batch at(3, 1);
  std::ranges::copy(std::vector<double>{100.0, 50.0, 50.0}, at.write().values().begin());
  Evaluation evaluation(3, 1);
  MethodResult unused(48, task.objective.shape().parameters);
  pairs.evaluate(0, pairs.usable(), at, unused, evaluation);
  EXPECT_EQ(evaluation.loss, (std::vector<double>{0.0, 0.0, 0.0}));
  EXPECT_EQ(total(unused.ledger.forward), 0.0);
}

// A problem keeps a limited number of points; later points replace earlier ones. Noise of the
// observations is added to y. A point far outside the box is not kept.
TEST(BankPairs, KeepsRecentPointsWithNoise) {
  Job job = solved_job(kPackets,
                       {"method.bank.max_evaluations=1", "method.multi_start.max_evaluations=1"},
                       MPI_COMM_SELF);
  Objective objective = job.objective();
  MethodResult result = job.empty_result();
  const Task task = job.task("bank", objective, result);
  BankPairs pairs(task, 2, 3);
  const Batch answers(48, 1);
  const std::vector<double> weight(48, 0.0), y(256, 2.0);
  const auto taught = [&](std::int64_t update) {
    pairs.teach(2, answers, weight);
    pairs.begin(update);
    return std::vector<std::int64_t>(pairs.usable().begin(), pairs.usable().end());
  };
  pairs.visit(0, std::vector<double>{1e9}, y);
  EXPECT_TRUE(taught(0).empty());
  for (const double m : {40.0, 50.0, 60.0, 70.0, 80.0, 90.0})
    pairs.visit(0, std::vector<double>{m}, y);
  std::set<double> seen;
  for (std::int64_t update = 0; update < 50; ++update) {
    ASSERT_EQ(taught(update), std::vector<std::int64_t>{0});
    double square = 0.0;
    for (const double value : pairs.observation().read().row(0)) square += std::pow(value - 2.0, 2);
    EXPECT_NEAR(std::sqrt(square / 256), 0.1, 0.02);
    Batch at(1, 1);
    at.fill(0.0);
    Evaluation evaluation(1, 1);
    MethodResult unused(48, task.objective.shape().parameters);
    pairs.evaluate(update, pairs.usable(), at, unused, evaluation);
    const double scale = task.objective.shape().parameters.scale[0];
    seen.insert(std::round(std::sqrt(2.0 * evaluation.loss[0]) * scale));
  }
  EXPECT_EQ(seen.size(), 2U);
  EXPECT_NE(seen, (std::set<double>{40.0, 50.0}));
}

// 0.5 ((2 - 4) / 2)^2 + 0.5 ((1 - 4) / 3)^2 = 1, and its derivatives.
TEST(ParameterFit, IsHalfTheSquaredScaledDistance) {
  ParameterSpace space;
  space.scale = {2.0, 3.0};
  Batch m(1, 2), target(2, 2);
  std::ranges::copy(std::vector<double>{2.0, 1.0}, m.write().values().begin());
  target.fill(4.0);
  Evaluation evaluation(1, 2);
  fit_parameters(space, std::vector<std::int64_t>{1}, m, target, evaluation);
  EXPECT_DOUBLE_EQ(evaluation.loss[0], 1.0);
  EXPECT_DOUBLE_EQ(evaluation.gradient.read().values()[0], -0.5);
  EXPECT_DOUBLE_EQ(evaluation.gradient.read().values()[1], -1.0 / 3.0);
}

}  // namespace
}  // namespace jpo
