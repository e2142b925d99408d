#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "inverse/fault.hpp"
#include "inverse/objective.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

FaultSettings make_fault(std::vector<std::int64_t> problems, const std::string& kind) {
  FaultSettings settings;
  settings.problems = std::move(problems);
  settings.kind = kind;
  return settings;
}

// Local rows 0..3 have the global ids 10..13; the ids 9 and 14 belong to other ranks.
TEST(FaultPlan, UsesGlobalIds) {
  FaultPlan plan(make_fault({9, 10, 13, 14}, "mask"), 10, 4);
  EXPECT_EQ(plan.next(0), Fault::mask);
  EXPECT_EQ(plan.next(1), Fault::none);
  EXPECT_EQ(plan.next(2), Fault::none);
  EXPECT_EQ(plan.next(3), Fault::mask);
}

TEST(FaultPlan, CountsEvaluationsOfEachProblem) {
  FaultSettings settings = make_fault({0, 1}, "blow_up");
  settings.first_evaluation = 1;
  settings.last_evaluation = 2;
  FaultPlan plan(settings, 0, 2);
  for (int evaluation = 0; evaluation < 5; ++evaluation)
    EXPECT_EQ(plan.next(0), evaluation == 1 || evaluation == 2 ? Fault::blow_up : Fault::none);
  EXPECT_EQ(plan.next(1), Fault::none);
  EXPECT_EQ(plan.next(1), Fault::blow_up);
}

TEST(FaultPlan, IsNoneByDefaultAndWithoutEndIfSet) {
  FaultPlan none(FaultSettings(), 0, 3);
  FaultPlan all(make_fault({2}, "blow_up"), 0, 3);
  for (int evaluation = 0; evaluation < 1000; ++evaluation) {
    EXPECT_EQ(none.next(2), Fault::none);
    EXPECT_EQ(all.next(2), Fault::blow_up);
  }
}

TEST(FaultSettings, RefuseAWindowThatEndsBeforeItStarts) {
  FaultSettings settings;
  settings.first_evaluation = 5;
  settings.last_evaluation = 5;
  EXPECT_NO_THROW(settings.check());
  settings.last_evaluation = 4;
  EXPECT_THROW(settings.check(), BadInput);
}

constexpr std::int64_t kProblem = 5;

// Problems of a registered model, evaluated at their truth with a fault.
struct FaultCase {
  FaultCase(const std::string& name, const FaultSettings& fault)
      : model(make_test_model(name, {})),
        c(kProblem, model->shape().context.size()),
        y(kProblem, model->shape().observation.size()),
        m(kProblem, model->shape().parameters.size()),
        rows(kProblem),
        ledger(kProblem),
        result(kProblem, m.n_component()) {
    for (std::int64_t row = 0; row < kProblem; ++row)
      model->sample(static_cast<std::uint64_t>(row), c.write().row(row), m.write().row(row));
    y.fill(0.5);
    std::iota(rows.begin(), rows.end(), 0);
    Objective objective(*model, {c, y, 0}, MisfitSettings(), fault, kProblem, timer);
    objective.evaluate(rows, m, ledger, result);
  }
  std::unique_ptr<ForwardModel> model;
  Batch c, y, m;
  std::vector<std::int64_t> rows;
  PhaseTimer timer;
  Ledger ledger;
  Evaluation result;
};

// Gauss-Newton can request products for points of which none was solved.
TEST(Fault, TangentAndAdjointDoNothingIfAllAreMasked) {
  FaultCase s("wave_packet", {});
  Objective objective(*s.model, {s.c, s.y, 0}, MisfitSettings(), make_fault({0, 1}, "mask"), 3,
                      s.timer);
  Ledger ledger(kProblem);
  objective.evaluate(std::vector<std::int64_t>{2, 3, 4}, s.m, ledger, s.result);
  objective.evaluate(std::vector<std::int64_t>{0, 1}, s.m, ledger, s.result);
  EXPECT_EQ(s.result.outcome[1], Outcome::masked);
  Batch v(2, s.m.n_component()), dy(2, s.y.n_component());
  v.fill(1.0);
  dy.fill(7.0);
  const std::vector<std::uint8_t> needed = {1, 1};
  objective.tangent(needed, v, dy, ledger);
  objective.adjoint(needed, dy, v, ledger);
  EXPECT_EQ(dy.read().row(0)[0], 7.0);
  EXPECT_EQ(v.read().row(1)[0], 1.0);
  EXPECT_EQ(ledger.tangent[0], 0.0);
}

// With any model, exactly the problem with the fault fails.
TEST(Fault, FailsInEveryRegisteredModelWithoutOtherProblems) {
  for (const ModelEntry& entry : registered_models()) {
    const FaultCase clean(entry.name, {});
    for (const auto& [kind, outcome] : {std::pair{"blow_up", Outcome::solve_diverged},
                                        {"not_finite", Outcome::misfit_not_finite},
                                        {"petsc_error", Outcome::solver_failed},
                                        {"mask", Outcome::masked}}) {
      const FaultCase s(entry.name, make_fault({2}, kind));
      for (std::size_t k = 0; k < kProblem; ++k) {
        const auto g = s.result.gradient.read();
        const auto clean_g = clean.result.gradient.read();
        const auto row = static_cast<std::int64_t>(k);
        ASSERT_EQ(clean.result.outcome[k], Outcome::ok) << entry.name;
        if (k == 2) {
          EXPECT_EQ(s.result.outcome[k], outcome) << entry.name << ", " << kind;
          EXPECT_TRUE(std::isnan(s.result.loss[k])) << entry.name << ", " << kind;
          for (const double value : g.row(row)) EXPECT_EQ(value, 0.0) << entry.name;
        } else {
          EXPECT_EQ(s.result.outcome[k], Outcome::ok) << entry.name << ", " << kind;
          EXPECT_EQ(s.result.loss[k], clean.result.loss[k]) << entry.name << ", " << kind;
          EXPECT_TRUE(std::ranges::equal(g.row(row), clean_g.row(row))) << entry.name;
        }
      }
    }
  }
}

TEST(Fault, ASlowProblemHasTheSameResult) {
  FaultSettings slow = make_fault({2}, "slow");
  slow.slow_seconds = 0.05;
  const FaultCase clean("wave_packet", {});
  const auto start = std::chrono::steady_clock::now();
  const FaultCase s("wave_packet", slow);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
  EXPECT_EQ(s.result.loss, clean.result.loss);
  EXPECT_TRUE(
      std::ranges::equal(s.result.gradient.read().values(), clean.result.gradient.read().values()));
}

}  // namespace
}  // namespace jpo
