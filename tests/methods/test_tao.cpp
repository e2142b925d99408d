#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "core/statistics.hpp"
#include "solving/loss_course.hpp"
#include "solving/per_problem/tao_solve.hpp"
#include "tests/line_model.hpp"
#include "tests/methods/make_job.hpp"

namespace jpo {
namespace {

constexpr const char* kChaotic = R"(
[data]
n_problem = 24
[model]
name = "kuramoto_sivashinsky"
horizon = 10.0
[parallel]
micro_batch = 4
[[method]]
name = "bfgs"
kind = "tao"
max_evaluations = 40
)";

constexpr const char* kLinear = R"(
[data]
n_problem = 8
noise = 1e-3
[model]
name = "diffusion"
[parallel]
micro_batch = 2
[network]
name = "mlp"
hidden = []
precision = "double"
[[method]]
name = "bfgs"
kind = "tao"
gradient_tolerance = 1e-9
[[method]]
name = "joint"
kind = "joint"
updates = 400
learning_rate = 1e-2
clip_norm = 0.0
[[method]]
name = "joint+refine"
kind = "refine"
from = "joint"
gradient_tolerance = 1e-9
)";

TEST(Tao, SameBitsForEveryWindowAndRankCount) {
  const auto alone = answers_of(solved_job(kChaotic, {}, MPI_COMM_SELF), 0);
  for (const char* window : {"method.bfgs.concurrent_solves=1", "method.bfgs.concurrent_solves=5",
                             "method.bfgs.concurrent_solves=128"})
    EXPECT_EQ(alone.hash, answers_of(solved_job(kChaotic, {window}, MPI_COMM_WORLD), 0).hash)
        << window;
}

TEST(Tao, KeepsItsBudgetExactly) {
  const Job job =
      solved_job(kChaotic, {"method.bfgs.max_evaluations=7", "method.bfgs.gradient_tolerance=0"},
                 MPI_COMM_WORLD);
  const MethodResult& result = job.results()[0];
  for (std::size_t row = 0; row < result.loss.size(); ++row) {
    EXPECT_LE(result.ledger.forward[row], 7);
    EXPECT_EQ(result.ledger.forward[row], result.ledger.adjoint[row]);
    if (result.reason[row] != StopReason::budget_reached) continue;
    EXPECT_EQ(result.ledger.forward[row], 7);
  }
}

// The history of a per-problem solver: the best losses after 1, 2, 3, 4, 6, 8, ... evaluations.
TEST(Tao, HistoryIsTheBestLossAfterACountOfEvaluations) {
  const Job job = solved_job(kChaotic, {}, MPI_COMM_WORLD);
  const auto& entries = job.results()[0].history.entries;
  ASSERT_GE(entries.size(), 6U);
  for (std::size_t k = 1; k < entries.size(); ++k) {
    EXPECT_GT(entries[k].iteration, entries[k - 1].iteration);
    EXPECT_GT(entries[k].gradient_evaluations, entries[k - 1].gradient_evaluations);
    EXPECT_GT(entries[k].seconds, entries[k - 1].seconds);
    EXPECT_LE(entries[k].loss_mean, entries[k - 1].loss_mean);
    EXPECT_LE(entries[k].gradient_evaluations, entries[k].iteration);
  }
  const Answers all = answers_of(job, 0);
  EXPECT_EQ(entries.back().loss_mean, mean(sorted_finite(all.loss)));

  // A row is the result of the same solves with that budget.
  for (const std::size_t k : {0U, 3U, 5U}) {
    const auto budget = static_cast<int>(entries[k].iteration);
    const Job stopped = solved_job(
        kChaotic, {"method.bfgs.max_evaluations=" + std::to_string(budget)}, MPI_COMM_WORLD);
    EXPECT_EQ(entries[k].loss_mean, mean(sorted_finite(answers_of(stopped, 0).loss)));
    EXPECT_EQ(entries[k].gradient_evaluations,
              stopped.results()[0].history.entries.back().gradient_evaluations);
  }
}

TEST(LossCourse, RecordsTheBestLossAndRestartsAProblem) {
  LossCourse course(2, 10.0);
  EXPECT_TRUE(std::ranges::equal(course.evaluations(), std::vector<double>{1, 2, 3, 4, 6, 8, 12}));
  course.record(0, 1.0, 9.0);
  course.record(0, 5.0, 7.0);
  course.record(1, 2.5, 8.0);
  course.record(1, 99.0, 1.0);
  EXPECT_EQ(course.best_after(0)[0], 9.0);
  EXPECT_TRUE(std::isnan(course.best_after(1)[1]));
  EXPECT_EQ(course.best_after(2)[1], 8.0);
  EXPECT_EQ(course.best_after(6), (std::vector<double>{7.0, 8.0}));
  course.restart(0);
  EXPECT_TRUE(std::isnan(course.best_after(6)[0]));
  EXPECT_EQ(course.best_after(6)[1], 8.0);
}

// Keeps every point that it is asked for.
class Recording : public LineModel {
 public:
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override {
    LineModel::solve(c, m, y, status);
    points.emplace_back(m.read().row(0).begin(), m.read().row(0).end());
  }
  std::vector<std::vector<double>> points;
};

// Some types ask for a point's loss and then for its gradient: that is one evaluation, not two.
TEST(Tao, NeverPaysTwiceForOnePoint) {
  for (const char* type : {"bqnktr", "bqnls", "blmvm"}) {
    Recording model;
    Batch c(1, 1), y(1, LineModel::kObservation);
    c.fill(1.0);
    y.fill(1.5);
    PhaseTimer timer;
    Objective objective(model, {c, y, 0}, {}, {}, 1, timer);
    TaoSolverSettings settings;
    settings.type = type;
    MethodResult result(1, model.shape().parameters);
    const std::vector<std::int64_t> rows = {0};
    Interruptions none;
    const Interruptions::State no_state;
    const std::function<void()> nothing = [] {};
    SafePoint safe_point(none, MPI_COMM_SELF, no_state, nothing);
    Lockstep(objective, result, 1)
        .run(
            rows,
            [&](LiveSolve& live) {
              GuardedSolve(settings, "once_", model.shape().parameters, result, live)
                  .run(model.shape().parameters.centre, 60);
            },
            safe_point);
    EXPECT_GT(model.points.size(), 3U) << type;
    EXPECT_EQ(std::ranges::adjacent_find(model.points), model.points.end()) << type;
    EXPECT_EQ(result.ledger.forward[0], static_cast<double>(model.points.size())) << type;
  }
}

TEST(Tao, NeverEndsAboveItsStartAndInsideTheBox) {
  const Job job = solved_job(kChaotic, {}, MPI_COMM_WORLD);
  const MethodResult& result = job.results()[0];
  const auto m = result.parameters.read();
  for (std::size_t row = 0; row < result.loss.size(); ++row) {
    EXPECT_LE(result.loss[row], job.loss_at_centre()[row]);
    const auto here = m.row(static_cast<std::int64_t>(row));
    EXPECT_TRUE(std::abs(here[0]) <= 1.0 && here[1] >= 0.5 && here[1] <= 1.5);
  }
}

constexpr const char* kSolvers = R"(
[[method]]
name = "refine"
kind = "refine"
from = "bfgs"
max_evaluations = 10
[[method]]
kind = "levenberg_marquardt"
max_evaluations = 40
[[method]]
name = "lm_cg"
kind = "levenberg_marquardt"
linear_solver = "cg"
max_evaluations = 40
)";

// Problem 5 fails: the others' answers are what they were.
void expect_others_untouched(const Job& clean, const Job& faulty) {
  for (std::size_t method = 0; method < clean.results().size(); ++method) {
    const Answers whole = answers_of(clean, method);
    const Answers rest = answers_of(faulty, method);
    for (std::size_t id = 0; id < whole.loss.size(); ++id) {
      if (id == 5) continue;
      EXPECT_EQ(whole.loss[id], rest.loss[id]) << method << ", " << id;
      EXPECT_EQ(whole.parameters[2 * id], rest.parameters[2 * id]) << method << ", " << id;
    }
  }
}

// A problem that fails is explained, and nobody else notices.
TEST(Tao, AFailedProblemIsIsolated) {
  const std::string deck = std::string(kChaotic) + kSolvers;
  const Job clean = solved_job(deck, {}, MPI_COMM_WORLD);
  for (const auto& [kind, outcome] : {std::pair{"blow_up", Outcome::solve_diverged},
                                      {"not_finite", Outcome::misfit_not_finite},
                                      {"petsc_error", Outcome::solver_failed},
                                      {"slow", Outcome::ok}})
    for (const char* first : {"fault.first_evaluation=0", "fault.first_evaluation=3"}) {
#ifdef __SANITIZE_ADDRESS__  // 30 times slower: one failure of each place in the code
      if (std::string(first).ends_with("=0") != (outcome == Outcome::solver_failed)) continue;
#endif
      const Job job = solved_job(deck,
                                 {"fault.problems=[5]", first, std::string("fault.kind=") + kind,
                                  "fault.slow_seconds=0.001"},
                                 MPI_COMM_WORLD);
      expect_others_untouched(clean, job);
      const std::int64_t row = 5 - job.shard().first_problem();
      if (row < 0 || row >= job.shard().n_local_problem()) continue;
      const auto k = static_cast<std::size_t>(row);
      const MethodResult& result = job.results()[0];
      EXPECT_EQ(result.last_failure[k], outcome) << kind;
      if (outcome == Outcome::ok) continue;
      EXPECT_GT(result.failed_evaluations[k], 0) << kind;
      const bool from_start = std::string(first).ends_with("=0");
      EXPECT_EQ(result.reason[k] == StopReason::diverged_at_start, from_start) << kind;
      EXPECT_EQ(std::isnan(result.loss[k]), from_start) << kind;
    }
}

// Solves the square system by Gaussian elimination with pivoting; a is row-major [n, n].
std::vector<double> solve_dense(std::vector<double> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < n; ++i)
      if (std::abs(a[i * n + k]) > std::abs(a[pivot * n + k])) pivot = i;
    for (std::size_t j = 0; j < n; ++j) std::swap(a[k * n + j], a[pivot * n + j]);
    std::swap(b[k], b[pivot]);
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const double factor = a[i * n + k] / a[k * n + k];
      for (std::size_t j = 0; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
      b[i] -= factor * b[k];
    }
  }
  for (std::size_t k = 0; k < n; ++k) b[k] /= a[k * n + k];
  return b;
}

// The columns of the linear model, by solving for each unit vector.
std::vector<std::vector<double>> columns_of(ForwardModel& model) {
  Batch c(8, 0), m(8, 8), y(8, 32);
  std::vector<SolveStatus> status(8);
  m.fill(0.0);
  for (std::int64_t k = 0; k < 8; ++k) m.write().row(k)[static_cast<std::size_t>(k)] = 1.0;
  model.solve(c, m, y, status);
  std::vector<std::vector<double>> columns;
  for (std::int64_t k = 0; k < 8; ++k) {
    const auto rows = y.read();
    columns.emplace_back(rows.row(k).begin(), rows.row(k).end());
  }
  return columns;
}

TEST(Tao, FindsTheLeastSquaresSolutionOfALinearModel) {
  Job job = solved_job(kLinear, {}, MPI_COMM_WORLD);
  const auto columns = columns_of(job.model());
  const auto dot = [](std::span<const double> a, std::span<const double> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  for (std::int64_t row = 0; row < job.shard().n_local_problem(); ++row) {
    std::vector<double> normal, right;
    for (const auto& column : columns) {
      for (const auto& other : columns) normal.push_back(dot(column, other));
      right.push_back(dot(column, job.problems().observation.read().row(row)));
    }
    const auto exact = solve_dense(normal, right);
    // The joint answer is as near as 400 updates bring a linear network, of parameters of size 1.
    for (const auto& [method, tolerance] : {std::pair{0U, 1e-6}, {1U, 1e-2}, {2U, 1e-6}})
      for (std::size_t k = 0; k < 8; ++k)
        EXPECT_NEAR(job.results()[method].parameters.read().row(row)[k], exact[k], tolerance)
            << "method " << method;
  }
}

}  // namespace
}  // namespace jpo
