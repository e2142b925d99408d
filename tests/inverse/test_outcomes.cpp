// Tests a batch in which all possible outcomes of a problem occur.

#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "core/random.hpp"
#include "inverse/objective.hpp"
#include "tests/line_model.hpp"

namespace jpo {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

// Values of m_0 that select a failure.
constexpr double kFails = 3.0;
constexpr double kDiverges = 4.0;
constexpr double kNaNInY = 5.0;
constexpr double kInfInY = 6.0;
constexpr double kNaNInG = 7.0;

class FailingModel : public LineModel {
 public:
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override {
    LineModel::solve(c, m, y, status);
    m_0_.clear();
    for (std::int64_t row = 0; row < m.n_problem(); ++row) {
      const double m_0 = m.read().row(row)[0];
      const auto to = y.write();
      SolveStatus& here = status[static_cast<std::size_t>(row)];
      m_0_.push_back(m_0);
      if (m_0 == kFails) here = SolveStatus::solver_failed;
      if (m_0 == kFails) to.row(row)[1] = kNaN;
      if (m_0 == kDiverges) here = SolveStatus::diverged;  // with a finite y
      if (m_0 == kNaNInY) to.row(row)[2] = kNaN;
      if (m_0 == kInfInY) to.row(row)[0] = kInf;
    }
  }
  void adjoint(const Batch& w, Batch& g) override {
    LineModel::adjoint(w, g);
    for (std::int64_t row = 0; row < w.n_problem(); ++row) {
      for (const double value : w.read().row(row)) EXPECT_TRUE(std::isfinite(value)) << row;
      if (m_0_[static_cast<std::size_t>(row)] >= kFails) g.write().row(row)[1] = kNaN;
    }
  }

 private:
  std::vector<double> m_0_;  // of each row of the last solve
};

// Rows with a failure, and their m_0.
constexpr std::array<std::pair<std::int64_t, double>, 5> kFailures = {
    {{1, kNaNInG}, {2, kFails}, {5, kDiverges}, {6, kNaNInY}, {9, kInfInY}}};
constexpr std::int64_t kProblem = 11;

Outcome outcome_of(double m_0) {
  if (m_0 == kFails) return Outcome::solver_failed;
  if (m_0 == kDiverges) return Outcome::solve_diverged;
  if (m_0 == kNaNInY || m_0 == kInfInY) return Outcome::misfit_not_finite;
  return m_0 == kNaNInG ? Outcome::gradient_not_finite : Outcome::ok;
}

struct Evaluated {
  explicit Evaluated(std::int64_t n_problem) : ledger(n_problem), result(n_problem, 2) {}
  Ledger ledger;
  Evaluation result;
};

class Outcomes : public testing::TestWithParam<std::int64_t> {
 protected:
  Outcomes() : c_(kProblem, 1), y_(kProblem, 3), good_(kProblem, 2), rows_(kProblem) {
    RandomStream stream(3);
    for (Batch* batch : {&c_, &y_, &good_})
      for (double& value : batch->write().values()) value = stream.uniform(0.5, 1.5);
    bad_ = good_.copy();
    for (const auto& [row, m_0] : kFailures) bad_.write().row(row)[0] = m_0;
    std::iota(rows_.begin(), rows_.end(), 0);
  }
  Objective objective(const FaultSettings& fault = {}) {
    return {model_, {c_, y_, 0}, misfit_, fault, GetParam(), timer_};
  }

  FailingModel model_;
  Batch c_, y_, good_, bad_;
  std::vector<std::int64_t> rows_;
  MisfitSettings misfit_;
  PhaseTimer timer_;
};

TEST_P(Outcomes, AreDistinguishedAndDoNotAffectOthers) {
  Objective evaluator = objective();
  Evaluated clean(kProblem), s(kProblem);
  evaluator.evaluate(rows_, good_, clean.ledger, clean.result);
  evaluator.evaluate(rows_, bad_, s.ledger, s.result);
  for (std::size_t k = 0; k < rows_.size(); ++k) {
    const auto row = static_cast<std::int64_t>(k);
    const Outcome expected = outcome_of(bad_.read().row(row)[0]);
    const bool ok = expected == Outcome::ok;
    EXPECT_EQ(outcome_name(s.result.outcome[k]), outcome_name(expected)) << k;
    EXPECT_EQ(std::isnan(s.result.loss[k]), !ok) << k;
    if (ok) {
      EXPECT_EQ(s.result.loss[k], clean.result.loss[k]) << k;
    }
    for (std::size_t j = 0; j < 2; ++j)
      EXPECT_EQ(s.result.gradient.read().row(row)[j],
                ok ? clean.result.gradient.read().row(row)[j] : 0.0)
          << k;
    EXPECT_EQ(s.ledger.forward[k], 1);
    EXPECT_EQ(s.ledger.adjoint[k], ok || expected == Outcome::gradient_not_finite ? 1 : 0) << k;
  }
}

// A failure has no effect on later evaluations with the same objective and the same result.
TEST_P(Outcomes, AreClearedAtTheNextEvaluation) {
  Objective evaluator = objective();
  Evaluated clean(kProblem), s(kProblem);
  evaluator.evaluate(rows_, good_, clean.ledger, clean.result);
  evaluator.evaluate(rows_, bad_, s.ledger, s.result);
  evaluator.evaluate(rows_, good_, s.ledger, s.result);
  EXPECT_EQ(s.result.outcome, std::vector<Outcome>(kProblem, Outcome::ok));
  EXPECT_EQ(s.result.loss, clean.result.loss);
  EXPECT_TRUE(
      std::ranges::equal(s.result.gradient.read().values(), clean.result.gradient.read().values()));
}

TEST_P(Outcomes, OfALossWithoutGradientNeedNoAdjoint) {
  Objective evaluator = objective();
  Evaluated both(kProblem), s(kProblem);
  evaluator.evaluate(rows_, bad_, both.ledger, both.result);
  const int n_adjoint = model_.n_adjoint;
  s.result.gradient.fill(5.0);
  evaluator.evaluate_loss(rows_, bad_, s.ledger, s.result);
  EXPECT_EQ(model_.n_adjoint, n_adjoint);
  for (std::size_t k = 0; k < rows_.size(); ++k) {
    EXPECT_EQ(s.ledger.forward[k], 1);
    EXPECT_EQ(s.ledger.adjoint[k], 0);
    const bool gradient_failed = both.result.outcome[k] == Outcome::gradient_not_finite;
    EXPECT_EQ(s.result.outcome[k], gradient_failed ? Outcome::ok : both.result.outcome[k]) << k;
    if (both.result.outcome[k] == Outcome::ok) {
      EXPECT_EQ(s.result.loss[k], both.result.loss[k]) << k;
    }
    for (const double g : s.result.gradient.read().row(static_cast<std::int64_t>(k)))
      EXPECT_EQ(g, 0.0);
  }
}

TEST_P(Outcomes, OfMaskedOrFailedProblemsNeedNoSolve) {
  FaultSettings mask;
  mask.problems = rows_;
  mask.kind = "mask";
  Objective masked = objective(mask);
  Evaluated s(kProblem);
  masked.evaluate(rows_, good_, s.ledger, s.result);
  EXPECT_EQ(model_.n_solve, 0);
  EXPECT_EQ(s.result.outcome, std::vector<Outcome>(kProblem, Outcome::masked));
  EXPECT_EQ(s.ledger.forward, std::vector<double>(kProblem, 0.0));

  Objective failing = objective();
  for (std::int64_t row = 0; row < kProblem; ++row) bad_.write().row(row)[0] = kFails;
  failing.evaluate(rows_, bad_, s.ledger, s.result);
  EXPECT_GT(model_.n_solve, 0);
  EXPECT_EQ(model_.n_adjoint, 0);
  EXPECT_EQ(s.ledger.adjoint, std::vector<double>(kProblem, 0));
}

// A rank without a micro-batch owns no problem, but calls evaluate too.
TEST_P(Outcomes, OfNoProblemsAreEmpty) {
  const Batch c(0, 1), y(0, 3), m(0, 2);
  Objective evaluator(model_, {c, y, 0}, misfit_, {}, GetParam(), timer_);
  Evaluated s(0);
  evaluator.evaluate({}, m, s.ledger, s.result);
  EXPECT_EQ(s.result.gradient.n_problem(), 0);
  EXPECT_EQ(model_.n_solve, 0);
}

INSTANTIATE_TEST_SUITE_P(SolveBatch, Outcomes, testing::Values(1, 3, 4, 100));

TEST(OutcomeName, IsTheNameInTheResultFile) {
  EXPECT_EQ(outcome_name(Outcome::ok), "ok");
  EXPECT_EQ(outcome_name(Outcome::solve_diverged), "solve_diverged");
  EXPECT_EQ(outcome_name(Outcome::solver_failed), "solver_failed");
  EXPECT_EQ(outcome_name(Outcome::misfit_not_finite), "misfit_not_finite");
  EXPECT_EQ(outcome_name(Outcome::gradient_not_finite), "gradient_not_finite");
  EXPECT_EQ(outcome_name(Outcome::masked), "masked");
}

// Computes g = J^T (F - y) / s^2 + prior by hand for y_j = c m_0 + j m_1^2.
TEST(ObjectiveGradient, IsTheClosedForm) {
  LineModel model;
  Batch c(1, 1), y(1, 3), m(1, 2);
  c.fill(0.75);
  y.fill(0.25);
  m.write().row(0)[0] = 1.25;
  m.write().row(0)[1] = 1.5;
  MisfitSettings settings;
  settings.residual_scale = 0.4;
  settings.prior_weight = 0.7;
  PhaseTimer timer;
  Objective evaluator(model, {c, y, 0}, settings, {}, 1, timer);
  Evaluated s(1);
  const std::array<std::int64_t, 1> rows = {0};
  evaluator.evaluate(rows, m, s.ledger, s.result);
  const double r_0 = 0.75 * 1.25 - 0.25, r_1 = r_0 + 2.25, r_2 = r_0 + 4.5;
  const double weight = 1.0 / 0.16;
  const double prior_loss = 0.35 * (0.625 * 0.625 + 0.25 * 0.25);
  EXPECT_NEAR(s.result.loss[0], 0.5 * weight * (r_0 * r_0 + r_1 * r_1 + r_2 * r_2) + prior_loss,
              1e-12);
  EXPECT_NEAR(s.result.gradient.read().row(0)[0],
              weight * 0.75 * (r_0 + r_1 + r_2) + 0.7 * 1.25 / 4.0, 1e-12);
  EXPECT_NEAR(s.result.gradient.read().row(0)[1],
              weight * 3.0 * (r_1 + 2.0 * r_2) + 0.7 * (1.5 - 2.0) / 4.0, 1e-12);
}

}  // namespace
}  // namespace jpo
