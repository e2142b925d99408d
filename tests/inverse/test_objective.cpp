#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <gtest/gtest.h>

#include "core/random.hpp"
#include "inverse/objective.hpp"
#include "tests/line_model.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kProblem = 11;
constexpr std::int64_t kFirstId = 100;

struct ObjectiveCase {
  explicit ObjectiveCase(std::int64_t solve_batch = 4, const FaultSettings& fault = {},
                         double prior_weight = 0.0)
      : c(kProblem, 1),
        y(kProblem, 3),
        m(kProblem, 2),
        rows(kProblem),
        ledger(kProblem),
        result(kProblem, 2) {
    RandomStream stream(3);
    for (Batch* batch : {&c, &y, &m})
      for (double& value : batch->write().values()) value = stream.uniform(0.5, 1.5);
    std::iota(rows.begin(), rows.end(), 0);
    misfit.prior_weight = prior_weight;
    objective.emplace(model, LocalProblems{c, y, kFirstId}, misfit, fault, solve_batch, timer);
  }
  void evaluate() { objective->evaluate(rows, m, ledger, result); }
  double loss(std::int64_t k) const { return result.loss[static_cast<std::size_t>(k)]; }
  double gradient(std::int64_t k, std::size_t j) const { return result.gradient.read().row(k)[j]; }
  Outcome outcome(std::int64_t k) const { return result.outcome[static_cast<std::size_t>(k)]; }

  LineModel model;
  Batch c, y, m;
  std::vector<std::int64_t> rows;
  MisfitSettings misfit;
  PhaseTimer timer;
  Ledger ledger;
  Evaluation result;
  std::optional<Objective> objective;
};

TEST(Objective, IsTheMisfitAndItsDerivative) {
  ObjectiveCase s(4, {}, 0.7);
  s.evaluate();
  const double step = 1e-6;
  for (std::int64_t k = 0; k < kProblem; ++k) {
    double loss = 0.0;
    const auto m = s.m.read().row(k);
    for (std::size_t j = 0; j < 3; ++j) {
      const double prediction = s.c.read().row(k)[0] * m[0] + static_cast<double>(j) * m[1] * m[1];
      loss += 0.5 * std::pow(prediction - s.y.read().row(k)[j], 2);
    }
    loss += 0.5 * 0.7 * (std::pow(m[0] / 2.0, 2) + std::pow((m[1] - 2.0) / 2.0, 2));
    EXPECT_NEAR(s.loss(k), loss, 1e-14 * (1.0 + loss));
    EXPECT_EQ(s.outcome(k), Outcome::ok);
  }
  for (std::size_t j = 0; j < 2; ++j) {
    ObjectiveCase up(4, {}, 0.7), down(4, {}, 0.7);
    for (std::int64_t k = 0; k < kProblem; ++k) {
      up.m.write().row(k)[j] += step;
      down.m.write().row(k)[j] -= step;
    }
    up.evaluate();
    down.evaluate();
    for (std::int64_t k = 0; k < kProblem; ++k)
      EXPECT_NEAR(s.gradient(k, j), (up.loss(k) - down.loss(k)) / (2.0 * step), 1e-7);
  }
}

// Records the rows with outcome ok, and checks their m and F(m).
class Recorder : public EvaluationHook {
 public:
  explicit Recorder(const ObjectiveCase& test_case) : case_(test_case) {}
  void after_misfit(const SolvedProblems& solved, const Batch& m, const Batch& y,
                    std::span<const Outcome> outcome) override {
    for (std::size_t k = 0; k < solved.slots.size(); ++k) {
      if (outcome[solved.slots[k]] != Outcome::ok) continue;
      const std::int64_t row = solved.rows[k];
      rows.push_back(row);
      EXPECT_TRUE(std::ranges::equal(m.read().row(k), case_.m.read().row(row)));
      const double c = case_.c.read().row(row)[0];
      const auto m_row = m.read().row(k);
      EXPECT_DOUBLE_EQ(y.read().row(k)[2], c * m_row[0] + 2.0 * m_row[1] * m_row[1]);
    }
  }
  std::vector<std::int64_t> rows;

 private:
  const ObjectiveCase& case_;
};

// The hook is called for every successful solve while its scope lives.
TEST(Objective, CallsAHookWithinItsScope) {
  FaultSettings fault;
  fault.problems = {kFirstId + 2};
  fault.kind = "mask";
  ObjectiveCase s(4, fault);
  s.m.write().row(6)[0] = 11.0;  // diverges
  Recorder recorder(s);
  try {
    const Objective::HookScope scope(*s.objective, recorder);
    s.evaluate();
    throw 1;
  } catch (int) {
  }
  EXPECT_EQ(recorder.rows, (std::vector<std::int64_t>{0, 1, 3, 4, 5, 7, 8, 9, 10}));
  s.evaluate();
  EXPECT_EQ(recorder.rows.size(), 9U);
}

TEST(Objective, OmitsMaskedProblemsFromModelBatches) {
  FaultSettings fault;
  fault.problems = {kFirstId, kFirstId + 5, kFirstId + 9};
  fault.kind = "mask";
  ObjectiveCase s(4, fault);
  s.evaluate();
  EXPECT_EQ(s.model.n_solve, 2);  // 8 of 11 problems, 4 at once
  EXPECT_EQ(s.model.n_adjoint, 2);
}

TEST(Objective, GivesTheSameBitsForEveryBatchAndOrder) {
  ObjectiveCase all(kProblem);
  all.evaluate();
  for (const std::int64_t solve_batch : {1, 2, 3, 100}) {
    ObjectiveCase s(solve_batch);
    std::ranges::reverse(s.rows);
    const Batch straight = s.m.copy();
    for (std::int64_t k = 0; k < kProblem; ++k)
      std::ranges::copy(straight.read().row(kProblem - 1 - k), s.m.write().row(k).begin());
    s.evaluate();
    for (std::int64_t k = 0; k < kProblem; ++k) {
      EXPECT_EQ(s.loss(k), all.loss(kProblem - 1 - k));
      EXPECT_EQ(s.gradient(k, 1), all.gradient(kProblem - 1 - k, 1));
    }
  }
}

TEST(Objective, AFailedSolveDoesNotAffectOthers) {
  ObjectiveCase clean, s;
  clean.evaluate();
  s.m.write().row(5)[0] = 11.0;   // the model returns the status diverged
  s.m.write().row(8)[1] = 1e200;  // its misfit overflows
  s.evaluate();
  EXPECT_EQ(s.outcome(5), Outcome::solve_diverged);
  EXPECT_EQ(s.outcome(8), Outcome::misfit_not_finite);
  for (std::int64_t k = 0; k < kProblem; ++k) {
    const bool failed = k == 5 || k == 8;
    EXPECT_EQ(std::isnan(s.loss(k)), failed) << k;
    EXPECT_EQ(s.ledger.forward[static_cast<std::size_t>(k)], 1);
    EXPECT_EQ(s.ledger.adjoint[static_cast<std::size_t>(k)], failed ? 0 : 1);
    for (std::size_t j = 0; j < 2; ++j)
      EXPECT_EQ(s.gradient(k, j), failed ? 0.0 : clean.gradient(k, j)) << k;
    if (!failed) {
      EXPECT_EQ(s.loss(k), clean.loss(k)) << k;
    }
  }
}

TEST(Objective, CountsItsSolves) {
  ObjectiveCase s;
  s.evaluate();
  s.rows = {2, 7};
  s.m.set_n_problem(2);
  s.evaluate();
  s.objective->evaluate_loss(s.rows, s.m, s.ledger, s.result);
  for (std::int64_t k = 0; k < kProblem; ++k) {
    const bool again = k == 2 || k == 7;
    EXPECT_EQ(s.ledger.forward[static_cast<std::size_t>(k)], again ? 3 : 1);
    EXPECT_EQ(s.ledger.adjoint[static_cast<std::size_t>(k)], again ? 2 : 1);
    EXPECT_EQ(s.ledger.tangent[static_cast<std::size_t>(k)], 0);
  }
  EXPECT_EQ(s.model.n_solve, 3 + 1 + 1);
  EXPECT_EQ(s.model.n_adjoint, 3 + 1);
}

// Faults depend on the global id and on the number of evaluations of the problem.
TEST(Objective, InjectsFaultsInTheirWindow) {
  ObjectiveCase clean;
  clean.evaluate();
  for (const char* kind : {"mask", "blow_up", "not_finite", "petsc_error"}) {
    FaultSettings fault;
    fault.problems = {kFirstId + 3, kFirstId + kProblem + 5};  // the second is on another rank
    fault.kind = kind;
    fault.first_evaluation = 1;
    fault.last_evaluation = 2;
    ObjectiveCase s(4, fault);
    const bool masks = fault.kind == "mask";
    for (int evaluation = 0; evaluation < 4; ++evaluation) {
      s.evaluate();
      const bool hit = evaluation == 1 || evaluation == 2;
      for (std::int64_t k = 0; k < kProblem; ++k) {
        if (k == 3 && hit) {
          EXPECT_TRUE(std::isnan(s.loss(k)));
          EXPECT_EQ(s.gradient(k, 0), 0.0);
          EXPECT_EQ(s.outcome(k) == Outcome::masked, masks);
          EXPECT_NE(s.outcome(k), Outcome::ok);
        } else {
          EXPECT_EQ(s.loss(k), clean.loss(k)) << kind << ", problem " << k;
          EXPECT_EQ(s.gradient(k, 0), clean.gradient(k, 0)) << kind << ", problem " << k;
        }
      }
    }
    EXPECT_EQ(s.ledger.forward[3], masks ? 2 : 4);
    EXPECT_EQ(s.ledger.adjoint[3], 2);
  }
}

TEST(Ledger, AGradientEvaluationIsAForwardAndAnAdjointSolve) {
  Ledger ledger(3);
  ledger.forward = {4, 5, 2};
  ledger.adjoint = {4, 4, 3};
  ledger.tangent = {0, 0, 5};
  EXPECT_EQ(ledger.gradient_evaluations(), (std::vector<double>{4.0, 4.5, 5.0}));
}

}  // namespace
}  // namespace jpo
