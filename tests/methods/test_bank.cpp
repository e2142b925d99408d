// bank: budget, bits, and that what its networks learn is worth it.

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "methods/bank_pairs.hpp"
#include "methods/parameter_fit.hpp"
#include "tests/methods/make_job.hpp"

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
  // Half of 256 squared deviations of noise, and four deviations of that sum.
  constexpr double kFloor = 0.5 * 256 * 0.01 * 1.36;
  return std::ranges::count_if(job.results()[method].loss,
                               [](double loss) { return loss < kFloor; });
}

TEST(Bank, KeepsItsBudget) {
  const Job job = solved_job(kPackets, {"method.bank.updates=4"}, MPI_COMM_WORLD);
  const auto& bank = job.results()[1];
  const double spent = total(job.evaluations(1));
  EXPECT_LE(spent, 60.0 * 48);
  EXPECT_GT(spent, 40.0 * 48);
  for (const double tangent : bank.ledger.tangent) EXPECT_EQ(tangent, 0.0);
  ASSERT_TRUE(bank.network.has_value());
}

TEST(Bank, SameBitsForEveryRankCount) {
  for (const auto& overrides :
       {std::vector<std::string>{"method.bank.updates=5"},
        {"method.bank.updates=5", "method.bank.simulations=0"},
        {"method.bank.updates=5", "fault.problems=[6, 13]", "fault.kind=mask"}}) {
    const Job alone = solved_job(kPackets, overrides, MPI_COMM_SELF);
    const Job shared = solved_job(kPackets, overrides, MPI_COMM_WORLD);
    EXPECT_EQ(answers_of(alone, 1).hash, answers_of(shared, 1).hash);
    EXPECT_EQ(alone.results()[1].network->hash, shared.results()[1].network->hash);
  }
}

// At the same mean budget, with the same starts in round 0: the networks are all that differs.
TEST(Bank, SolvesMoreThanBlindStarts) {
  const Job job = solved_job(kPackets, {}, MPI_COMM_SELF);
  EXPECT_GE(n_solved(job, 1), n_solved(job, 0) + 6);
}

// An update's target is the best answer of a problem that looks solved, or else a visited point.
TEST(BankPairs, TeachesAnswersByWeightAndVisitedPoints) {
  Job job = solved_job(
      kPackets,
      {"data.noise=0.0", "method.bank.max_evaluations=1", "method.multi_start.max_evaluations=1"},
      MPI_COMM_SELF);
  Objective objective = job.objective();
  const Task task = job.task("bank", objective);
  BankPairs pairs(task, 4, 3);
  Batch answers(48, 1);
  answers.fill(100.0);
  std::vector<double> weight(48, 0.0);
  weight[0] = 1.0;
  const std::vector<double> y(256, 2.0), m = {50.0};
  for (const std::int64_t row : {1, 2, 5}) pairs.visit(row, m, y);
  // Problem 0 has its answer, 1, 2 and 5 a point each, the others nothing. Network k holds out ids
  // k modulo 3.
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
