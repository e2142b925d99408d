// Tests multi_start, levenberg_marquardt and supervised: budgets, bit-identical results on any
// number of ranks, and comparisons with known answers.

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "tests/methods/make_job.hpp"

namespace jpo {
namespace {

constexpr const char* kPackets = R"(
[data]
n_problem = 22
noise = 0.1
[model]
name = "wave_packet"
[parallel]
micro_batch = 4
[[method]]
name = "bfgs"
kind = "tao"
[[method]]
kind = "multi_start"
max_evaluations = 60
start_evaluations = 15
[[method]]
name = "again"
kind = "multi_start"
budget_of = "multi_start"
start_evaluations = 15
rest = false
)";

double total(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum;
}

TEST(MultiStart, KeepsItsBudgetAndUsesIt) {
  const Job job = solved_job(kPackets, {}, MPI_COMM_WORLD);
  const double spent = total(gather_rows(job.evaluations(1), job.comm())),
               again = total(gather_rows(job.evaluations(2), job.comm()));
  EXPECT_LE(spent, 60.0 * 22);
  EXPECT_GT(spent, 50.0 * 22);
  EXPECT_LE(again, spent);
  EXPECT_GT(again, 0.9 * spent);
}

TEST(MultiStart, SameBitsForEveryRankCount) {
  const Job alone = solved_job(kPackets, {}, MPI_COMM_SELF);
  const Job shared = solved_job(kPackets, {}, MPI_COMM_WORLD);
  for (const std::size_t method : {1U, 2U}) {
    EXPECT_EQ(answers_of(alone, method).hash, answers_of(shared, method).hash);
    EXPECT_EQ(gather_rows(alone.evaluations(method), alone.comm()),
              gather_rows(shared.evaluations(method), shared.comm()));
  }
}

// Start 0 is the start of bfgs. Solved problems are not started again, and their budget goes to the
// other problems.
TEST(MultiStart, IsNeverWorseThanOneStart) {
  const Job job = solved_job(kPackets, {"method.multi_start.start_evaluations=100"}, MPI_COMM_SELF);
  const auto& one = job.results()[0];
  const auto& many = job.results()[1];
  double fewest = 1e300, most = 0.0;
  for (std::size_t row = 0; row < one.loss.size(); ++row) {
    EXPECT_LE(many.loss[row], one.loss[row]);
    fewest = std::min(fewest, many.ledger.forward[row]);
    most = std::max(most, many.ledger.forward[row]);
  }
  EXPECT_LT(fewest, 60.0);
  EXPECT_GT(most, 60.0);
}

// A problem is not started again after most_evaluations; its last start may exceed the limit.
TEST(MultiStart, LimitsTheEvaluationsOfOneProblem) {
  const auto most = [](const char* limit) {
    const Job job = solved_job(
        kPackets, {std::string("method.multi_start.most_evaluations=") + limit}, MPI_COMM_SELF);
    return std::ranges::max(job.results()[1].ledger.forward);
  };
  EXPECT_GT(most("0"), 30 + 15);
  EXPECT_LE(most("30"), 30 + 15);
  EXPECT_GE(most("30"), 30);
}

// Without noise, round 0 solves a linear problem exactly, so no later start can be better.
TEST(MultiStart, StopsStartsThatAreNotBetterInTime) {
  const Job job = solved_job(R"(
[data]
n_problem = 4
[model]
name = "diffusion"
[[method]]
kind = "multi_start"
rest = false
max_evaluations = 100
patience = 3
gradient_tolerance = 1e-12
)",
                             {}, MPI_COMM_SELF);
  const auto& rounds = job.results()[0].history.entries;
  ASSERT_GT(rounds.size(), 5U);
  EXPECT_GT(rounds[0].gradient_evaluations, 8.0);
  for (std::size_t round = 1; round + 1 < rounds.size(); ++round)
    EXPECT_DOUBLE_EQ(rounds[round].gradient_evaluations - rounds[round - 1].gradient_evaluations,
                     3.0)
        << round;
}

// Two rounds of one evaluation each. The first candidate is the start of a run without candidates,
// so the best of four is never worse. Each candidate costs half an evaluation.
TEST(MultiStart, StartsAtTheLowestOfItsCandidates) {
  const std::vector<std::string> common = {"method.multi_start.start_evaluations=1",
                                           "method.multi_start.rest=false"};
  auto plain = common;
  plain.emplace_back("method.multi_start.max_evaluations=2");
  auto chosen = common;
  for (const char* key :
       {"method.multi_start.candidates=4", "method.multi_start.max_evaluations=4"})
    chosen.emplace_back(key);
  const Job one = solved_job(kPackets, plain, MPI_COMM_WORLD);
  const Job four = solved_job(kPackets, chosen, MPI_COMM_WORLD);
  const Answers of_one = answers_of(one, 1);
  const Answers of_four = answers_of(four, 1);
  std::int64_t n_lower = 0;
  for (std::size_t id = 0; id < of_one.loss.size(); ++id) {
    EXPECT_LE(of_four.loss[id], of_one.loss[id]) << id;
    n_lower += of_four.loss[id] < of_one.loss[id] ? 1 : 0;
  }
  EXPECT_GT(n_lower, 3);
  for (const double solves : four.results()[1].ledger.forward) EXPECT_EQ(solves, 2.0 + 4.0);
  for (const double solves : four.results()[1].ledger.adjoint) EXPECT_EQ(solves, 2.0);
}

TEST(MultiStart, EndsIfAllProblemsAreMasked) {
  const Job job =
      solved_job(kPackets, {"data.n_problem=4", "fault.problems=[0, 1, 2, 3]", "fault.kind=mask"},
                 MPI_COMM_WORLD);
  for (const double loss : job.results()[1].loss) EXPECT_TRUE(std::isnan(loss));
}

constexpr const char* kLinear = R"(
[data]
n_problem = 9
noise = 1e-3
[model]
name = "diffusion"
[parallel]
micro_batch = 2
solve_batch = 4
[network]
name = "mlp"
[[method]]
name = "bfgs"
kind = "tao"
gradient_tolerance = 1e-10
[[method]]
name = "dense"
kind = "levenberg_marquardt"
gradient_tolerance = 1e-10
[[method]]
name = "cg"
kind = "levenberg_marquardt"
linear_solver = "cg"
gradient_tolerance = 1e-10
[[method]]
name = "refined"
kind = "levenberg_marquardt"
from = "bfgs"
)";

// The answer of TAO is exact (see Tao.FindsTheLeastSquaresSolutionOfALinearModel).
TEST(LevenbergMarquardt, BothSolversFindTheLeastSquaresSolution) {
  const Job job = solved_job(kLinear, {}, MPI_COMM_WORLD);
  const auto exact = job.results()[0].parameters.read();
  for (const std::size_t method : {1U, 2U, 3U}) {
    const auto answer = job.results()[method].parameters.read();
    for (std::size_t k = 0; k < answer.values().size(); ++k)
      EXPECT_NEAR(answer.values()[k], exact.values()[k], 1e-6) << "method " << method;
  }
  // A linear problem needs few steps, each with 8 tangents and a forward solve.
  for (const double n : job.results()[1].ledger.tangent) EXPECT_LE(n, 6 * 8);
  for (const double n : job.results()[1].ledger.adjoint) EXPECT_EQ(n, 0);
}

constexpr const char* kBounded = R"(
[data]
n_problem = 14
[model]
name = "kuramoto_sivashinsky"
horizon = 4.0
[parallel]
micro_batch = 4
[[method]]
name = "lm"
kind = "levenberg_marquardt"
max_evaluations = 30
gradient_tolerance = 1e-9
[[method]]
name = "cg"
kind = "levenberg_marquardt"
linear_solver = "cg"
max_evaluations = 30
gradient_tolerance = 1e-9
)";

TEST(LevenbergMarquardt, StaysInTheBoxAndInItsBudgetAndSolves) {
  const Job job = solved_job(kBounded, {}, MPI_COMM_WORLD);
  for (const std::size_t method : {0U, 1U}) {
    const MethodResult& result = job.results()[method];
    const auto m = result.parameters.read();
    int solved = 0;
    for (std::size_t row = 0; row < result.loss.size(); ++row) {
      const auto here = m.row(static_cast<std::int64_t>(row));
      EXPECT_TRUE(std::abs(here[0]) <= 1.0 && here[1] >= 0.5 && here[1] <= 1.5);
      EXPECT_LE(result.ledger.solves(static_cast<std::int64_t>(row)), 60.0);
      solved += result.loss[row] < 1e-12 ? 1 : 0;
    }
    // Up to T = 4 the flow is not chaotic, so at most one problem of a rank is not solved.
    EXPECT_GE(solved + 1, static_cast<int>(result.loss.size()));
  }
}

TEST(LevenbergMarquardt, SameBitsForEveryBatchAndRankCount) {
  const Job alone = solved_job(kBounded, {}, MPI_COMM_SELF);
  const Job shared = solved_job(kBounded, {"parallel.solve_batch=3"}, MPI_COMM_WORLD);
  for (const std::size_t method : {0U, 1U})
    EXPECT_EQ(answers_of(alone, method).hash, answers_of(shared, method).hash);
}

TEST(LevenbergMarquardt, AFailedProblemIsIsolatedAndHasAReason) {
  const auto clean = answers_of(solved_job(kBounded, {}, MPI_COMM_SELF), 0);
  for (const char* first : {"fault.first_evaluation=0", "fault.first_evaluation=2"}) {
    const Job job = solved_job(kBounded, {"fault.problems=[5]", first}, MPI_COMM_SELF);
    const auto faulty = answers_of(job, 0);
    for (std::size_t id = 0; id < clean.loss.size(); ++id) {
      if (id == 5) continue;
      EXPECT_EQ(clean.loss[id], faulty.loss[id]) << id;
    }
    const bool from_start = std::string(first).ends_with("=0");
    EXPECT_EQ(job.results()[0].reason[5] == StopReason::diverged_at_start, from_start);
    EXPECT_EQ(std::isnan(job.results()[0].loss[5]), from_start);
  }
}

TEST(Methods, RefuseModelsWithoutRequiredFeatures) {
  ModelShape shape;
  const auto refusal = [&](const std::string& name) {
    const MethodEntry& entry = method_entry(name);
    return entry.refusal(name, *entry.make_settings(), shape);
  };
  EXPECT_NE(refusal("levenberg_marquardt").find("tangent"), std::string::npos);
  EXPECT_NE(refusal("windows").find("one observation channel per time"), std::string::npos);
  EXPECT_EQ(refusal("tao"), "");
  shape.has_tangent = shape.channels_in_time = true;
  EXPECT_EQ(refusal("levenberg_marquardt"), "");
  EXPECT_EQ(refusal("windows"), "");
}

constexpr const char* kSupervised = R"(
[data]
n_problem = 12
noise = 1e-3
[model]
name = "diffusion"
[parallel]
micro_batch = 4
[network]
name = "mlp"
hidden = []
[[method]]
kind = "supervised"
updates = 150
learning_rate = 1e-2
clip_norm = 0.0
history_every = 1
)";

TEST(Supervised, LearnsTheInverseOfALinearModelAndCountsItsSimulations) {
  const Job job = solved_job(kSupervised, {}, MPI_COMM_WORLD);
  const MethodResult& result = job.results()[0];
  const auto& entries = result.history.entries;
  EXPECT_LT(entries.back().loss_mean, 0.05 * entries.front().loss_mean);
  // 150 updates and one final evaluation.
  for (const double n : result.ledger.forward) EXPECT_EQ(n, 151.0);
  for (const double n : result.ledger.adjoint) EXPECT_EQ(n, 0.0);
  EXPECT_EQ(entries.back().gradient_evaluations, 75.0);
  for (std::size_t row = 0; row < result.loss.size(); ++row)
    EXPECT_LT(result.loss[row], 0.2 * job.loss_at_centre()[row]);
}

TEST(Supervised, SameBitsForEveryRankCount) {
  EXPECT_EQ(answers_of(solved_job(kSupervised, {}, MPI_COMM_SELF), 0).hash,
            answers_of(solved_job(kSupervised, {}, MPI_COMM_WORLD), 0).hash);
}

}  // namespace
}  // namespace jpo
