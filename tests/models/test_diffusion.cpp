#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

// Returns the largest error at the sensors; the exact solution is a sum of decaying modes.
double error_at(const char* n_grid, const char* n_step) {
  const auto model = make_test_model("diffusion", {{"n_grid", n_grid}, {"n_step", n_step}});
  Batch c(1, 0), m(1, 8), y(1, 32);
  std::vector<SolveStatus> status(1);
  const std::vector<double> coefficients = {0.7, -1.1, 0.3, 0.9, -0.2, 0.5, -0.8, 0.4};
  std::ranges::copy(coefficients, m.write().row(0).begin());
  model->solve(c, m, y, status);
  EXPECT_EQ(status[0], SolveStatus::converged);
  double worst = 0.0;
  for (int sensor = 0; sensor < 32; ++sensor) {
    const double x = (sensor + 1) / 33.0;
    double exact = 0.0;
    for (int k = 1; k <= 8; ++k) {
      const double wave = k * std::numbers::pi;
      exact += coefficients[static_cast<std::size_t>(k - 1)] * std::exp(-0.02 * wave * wave * 0.1) *
               std::sin(wave * x);
    }
    worst = std::max(worst, std::abs(y.read().row(0)[static_cast<std::size_t>(sensor)] - exact));
  }
  return worst;
}

// All sensors are at grid points (i / 33), so there is no interpolation error.
TEST(Diffusion, IsOfSecondOrderAgainstTheExactSolution) {
  const double coarse = error_at("65", "10");
  const double middle = error_at("131", "20");
  const double fine = error_at("263", "40");
  EXPECT_LT(coarse, 0.02);
  EXPECT_NEAR(std::log2(coarse / middle), 2.0, 0.2);
  EXPECT_NEAR(std::log2(middle / fine), 2.0, 0.2);
}

TEST(Diffusion, ManySolvesAndAdjointsGiveTheSameBits) {
  const auto model = make_test_model("diffusion", {});
  Batch c(2, 0), m(2, 8), y(2, 32), w(2, 32), g(2, 8);
  std::vector<SolveStatus> status(2);
  m.fill(0.3);
  w.fill(1.0);
  model->solve(c, m, y, status);
  model->adjoint(w, g);
  const Batch first_y = y.copy();
  const Batch first_g = g.copy();
  for (int k = 0; k < 200; ++k) {
    model->solve(c, m, y, status);
    if (k % 3 != 0) model->adjoint(w, g);
  }
  EXPECT_TRUE(std::ranges::equal(first_y.read().values(), y.read().values()));
  EXPECT_TRUE(std::ranges::equal(first_g.read().values(), g.read().values()));
}

}  // namespace
}  // namespace jpo
