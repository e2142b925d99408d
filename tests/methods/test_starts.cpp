// Random starts, and single solves with a failed trial point.

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/statistics.hpp"
#include "models/forward_model.hpp"
#include "solving/per_problem/tao_solve.hpp"

namespace jpo {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kDraw = 20000;

// A model of one parameter with the default prior.
class OneParameter final : public ForwardModel {
 public:
  explicit OneParameter(const ParameterSpace& space) { shape_.parameters = space; }
  const ModelShape& shape() const override { return shape_; }
  void sample(std::uint64_t /*seed*/, std::span<double> /*c*/,
              std::span<double> /*m*/) const override {}
  void solve(const Batch& /*c*/, const Batch& /*m*/, Batch& /*y*/,
             std::span<SolveStatus> /*status*/) override {}
  void adjoint(const Batch& /*w*/, Batch& /*g*/) override {}

 private:
  ModelShape shape_;
};

// Returns the draws of one parameter with these bounds, centre 1 and scale 3, in ascending order.
std::vector<double> draws(double lower, double upper) {
  const OneParameter model({{"m"}, {"1"}, {lower}, {upper}, {1.0}, {3.0}});
  std::vector<double> values(kDraw);
  for (std::size_t k = 0; k < kDraw; ++k) {
    RandomStream stream(k);
    model.sample_parameters(stream, {}, {&values[k], 1});
  }
  std::ranges::sort(values);
  return values;
}

TEST(Starts, AreUniformInTheWholeBox) {
  const std::vector<double> values = draws(-2.0, 6.0);
  EXPECT_GE(values.front(), -2.0);
  EXPECT_LE(values.back(), 6.0);
  // Four standard deviations of a quantile of 20000 draws are at most 0.014 of the width.
  for (int k = 0; k <= 10; ++k) EXPECT_NEAR(quantile(values, 0.1 * k), -2.0 + 0.8 * k, 0.12) << k;
}

TEST(Starts, AreNormalWithoutBounds) {
  const std::vector<double> values = draws(-kInfinity, kInfinity);
  EXPECT_NEAR(mean(values), 1.0, 0.1);
  EXPECT_NEAR(quantile(values, 0.841345), 4.0, 0.12);
  EXPECT_NEAR(quantile(values, 0.158655), -2.0, 0.12);
}

TEST(Starts, OfOneSidedBoxesStayInside) {
  const std::vector<double> values = draws(0.0, kInfinity);
  EXPECT_EQ(values.front(), 0.0);
  EXPECT_NEAR(quantile(values, 0.5), 1.0, 0.12);
}

// Solves 50 (m - 0.3)^2 from m = -0.5; evaluation number `failing` fails. Returns the misfit.
double solve(const char* type, int failing) {
  const ParameterSpace space{{"m"}, {"1"}, {-kInfinity}, {kInfinity}, {0.0}, {1.0}};
  TaoSolverSettings settings;
  settings.type = type;
  MethodResult result(1, space);
  const std::string prefix = "starts_";
  LiveSolve live(0, [&](LiveSolve& self) {
    GuardedSolve(settings, prefix, space, result, self).run(std::vector<double>{-0.5}, 100);
  });
  std::vector<double> gradient(1);
  for (int n = 0; live.advance(); ++n) {
    const double distance = live.point()[0] - 0.3;
    gradient[0] = 100.0 * distance;
    live.set_evaluation({50.0 * distance * distance,
                         n == failing ? Outcome::solve_diverged : Outcome::ok, gradient});
  }
  return result.loss[0];
}

// The penalty of the failed trial point sends the line search or the trust region back.
TEST(Penalty, LetsASolveContinueAfterAFailedTrialPoint) {
  for (const char* type : {"bqnls", "blmvm", "lmvm", "bncg", "cg", "bqnktr"}) {
    EXPECT_LT(solve(type, -1), 1e-6) << type;
    EXPECT_LT(solve(type, 1), 1e-6) << type << ", the first trial point fails";
  }
}

}  // namespace
}  // namespace jpo
