// Tests the verification with models that have one defect: only the checks of this defect may fail.

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "inverse/verification.hpp"
#include "tests/line_model.hpp"

namespace jpo {
namespace {

constexpr double kTiny = 1e-13;  // some ulps of y

// Returns the first words of the names of the failed checks.
std::set<std::string> failed_checks(ForwardModel& model, double gradient_factor = 1.0) {
  VerifyOptions options;
  options.gradient_factor = gradient_factor;
  std::set<std::string> failed;
  for (const CheckRow& row : verify_model(model, options))
    if (!row.passed) failed.insert(row.name.substr(0, row.name.find_first_of(":<")));
  return failed;
}
using Names = std::set<std::string>;

const std::string kTaylor = "misfit gradient";
const std::string kParameter = "derivative by each parameter";
const std::string kDot = "dot products ";
const std::string kNotOk = "evaluations that are not ok";
const std::string kTwice = "evaluated twice";
const std::string kAlone = "alone and in a batch";
const std::string kOrder = "in another order";
const std::string kBeside = "beside a diverging problem";

// A model that applies `change` to y after a correct solve.
template <class Change>
class ChangedModel : public LineModel {
 public:
  explicit ChangedModel(Change change) : change_(change) {}
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override {
    LineModel::solve(c, m, y, status);
    change_(*this, m, y, status);
  }

 private:
  Change change_;
};

TEST(BadModels, AGradientOffByAThousandthFailsTheGradientChecks) {
  LineModel exact, off(0.999);
  EXPECT_EQ(failed_checks(exact), Names());
  EXPECT_EQ(failed_checks(exact, 0.999), (Names{kTaylor, kParameter, kDot}));
  EXPECT_EQ(failed_checks(off), (Names{kTaylor, kParameter, kDot}));
}

// Without a tangent the dot products use difference quotients.
TEST(BadModels, AWrongGradientIsFoundWithoutATangent) {
  class NoTangent : public LineModel {
   public:
    explicit NoTangent(double factor) : LineModel(factor), shape_(LineModel::shape()) {
      shape_.has_tangent = false;
    }
    const ModelShape& shape() const override { return shape_; }
    void tangent(const Batch& v, Batch& dy) override { ForwardModel::tangent(v, dy); }

   private:
    ModelShape shape_;
  };
  NoTangent exact(1.0), off(0.999);
  EXPECT_EQ(failed_checks(exact), Names());
  EXPECT_EQ(failed_checks(off), (Names{kTaylor, kParameter, kDot}));
}

TEST(BadModels, AWrongTangentFailsOnlyTheDotProducts) {
  class WrongTangent : public LineModel {
   public:
    void tangent(const Batch& v, Batch& dy) override {
      LineModel::tangent(v, dy);
      for (double& value : dy.write().values()) value *= 1.0 + 1e-8;
    }
  };
  WrongTangent model;
  EXPECT_EQ(failed_checks(model), Names{kDot});
}

TEST(BadModels, DependenceOnTheNumberOfSolvesIsFound) {
  ChangedModel model([](const LineModel& of, const Batch&, Batch& y, std::span<SolveStatus>) {
    y.write().row(0)[0] += kTiny * of.n_solve;
  });
  EXPECT_TRUE(failed_checks(model).contains(kTwice));
}

TEST(BadModels, DependenceOnTheBatchSizeIsFound) {
  ChangedModel model([](const LineModel&, const Batch&, Batch& y, std::span<SolveStatus>) {
    for (double& value : y.write().values()) value += kTiny * static_cast<double>(y.n_problem());
  });
  EXPECT_EQ(failed_checks(model), (Names{kAlone, kOrder}));
}

TEST(BadModels, DependenceOnTheRowInTheBatchIsFound) {
  ChangedModel model([](const LineModel&, const Batch&, Batch& y, std::span<SolveStatus>) {
    for (std::int64_t row = 0; row < y.n_problem(); ++row)
      y.write().row(row)[0] += kTiny * static_cast<double>(row);
  });
  EXPECT_EQ(failed_checks(model), (Names{kAlone, kOrder}));
}

TEST(BadModels, DependenceOnAFailedNeighbourIsFound) {
  ChangedModel model([](const LineModel&, const Batch& m, Batch& y, std::span<SolveStatus>) {
    const auto far = [](double value) { return !(std::abs(value) < 1e100); };
    if (std::ranges::any_of(m.read().values(), far)) y.write().row(7)[1] += kTiny;
  });
  EXPECT_EQ(failed_checks(model), Names{kBeside});
}

TEST(BadModels, FailedSolvesOfDrawsAreCounted) {
  ChangedModel model([](const LineModel& of, const Batch&, Batch&, std::span<SolveStatus> status) {
    if (of.n_solve == 1) status[3] = SolveStatus::solver_failed;
  });
  EXPECT_EQ(failed_checks(model), Names{"draws of the prior whose solve fails"});
}

TEST(BadModels, AGradientThatIsNotFiniteIsFound) {
  class NotFinite : public LineModel {
   public:
    void adjoint(const Batch& w, Batch& g) override {
      LineModel::adjoint(w, g);
      g.write().row(0)[0] = std::numeric_limits<double>::quiet_NaN();
    }
  };
  NotFinite model;
  const Names failed = failed_checks(model);
  for (const std::string& name : {kTaylor, kDot, kNotOk})
    EXPECT_TRUE(failed.contains(name)) << name;
}

}  // namespace
}  // namespace jpo
