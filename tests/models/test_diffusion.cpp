#include <cmath>
#include <map>
#include <numbers>
#include <string>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

using Keys = std::map<std::string, std::string>;

const std::vector<double> kStart = {0.7, -1.1, 0.3, 0.9, -0.2, 0.5, -0.8, 0.4};

// The exact solution is a sum of decaying modes.
double exact(double x, double t, double kappa) {
  double u = 0.0;
  for (std::size_t k = 0; k < kStart.size(); ++k) {
    const double wave = static_cast<double>(k + 1) * std::numbers::pi;
    u += kStart[k] * std::exp(-kappa * wave * wave * t) * std::sin(wave * x);
  }
  return u;
}

struct Solved {
  std::unique_ptr<ForwardModel> model;
  Batch m, y;
};

// Solves from kStart with log(kappa / 0.02) = log_kappa, which must be 0 if kappa is known.
Solved solve(const Keys& keys, double log_kappa = 0.0, std::int64_t n_channel = 0) {
  Solved run{make_test_model("diffusion", keys), {}, {}};
  const ModelShape& shape = run.model->shape();
  run.m = Batch(1, shape.parameters.size());
  run.y = Batch(1, shape.observation.size());
  if (n_channel > 0) run.model->observe_channels(n_channel);
  const auto row = run.m.overwrite().row(0);
  std::ranges::copy(kStart, row.begin());
  if (row.size() > kStart.size()) row.back() = log_kappa;
  std::vector<SolveStatus> status(1);
  run.model->solve(Batch(1, 0), run.m, run.y, status);
  EXPECT_EQ(status[0], SolveStatus::converged);
  return run;
}

// Returns the largest error at the sensors, at all observation times.
double error_of(const Solved& run, double log_kappa) {
  const std::int64_t n_time = run.model->shape().observation.n_channel;
  const auto y = run.y.read();
  double worst = 0.0;
  for (std::int64_t n = 0; n < n_time; ++n)
    for (std::int64_t sensor = 0; sensor < 32; ++sensor) {
      const double x = static_cast<double>(sensor + 1) / 33.0;
      const double t = 0.1 * static_cast<double>(n + 1) / static_cast<double>(n_time);
      worst = std::max(
          worst, std::abs(y.row(0)[n * 32 + sensor] - exact(x, t, 0.02 * std::exp(log_kappa))));
    }
  return worst;
}

struct Switches {
  const char* unknown_kappa;
  const char* n_time;
  double log_kappa;
};
class Diffusion : public testing::TestWithParam<Switches> {
 protected:
  static double error_at(const char* n_grid, const char* n_step) {
    const auto [unknown_kappa, n_time, log_kappa] = GetParam();
    const Keys keys = {{"n_grid", n_grid},
                       {"n_step", n_step},
                       {"unknown_kappa", unknown_kappa},
                       {"n_time", n_time}};
    return error_of(solve(keys, log_kappa), log_kappa);
  }
};

// All sensors are at grid points (i / 33), so there is no interpolation error.
TEST_P(Diffusion, IsOfSecondOrderAgainstTheExactSolution) {
  const double coarse = error_at("65", "10");
  const double middle = error_at("131", "20");
  const double fine = error_at("263", "40");
  EXPECT_LT(coarse, 0.025);
  EXPECT_NEAR(std::log2(coarse / middle), 2.0, 0.2);
  EXPECT_NEAR(std::log2(middle / fine), 2.0, 0.2);
}
INSTANTIATE_TEST_SUITE_P(Switches, Diffusion,
                         testing::Values(Switches{"false", "1", 0.0}, Switches{"false", "5", 0.0},
                                         Switches{"true", "1", 0.6}, Switches{"true", "1", -0.8},
                                         Switches{"true", "2", 0.3}));

TEST(Diffusion, ManySolvesAndAdjointsGiveTheSameBits) {
  for (const char* unknown_kappa : {"false", "true"}) {
    const auto model = make_test_model("diffusion", {{"unknown_kappa", unknown_kappa}});
    const std::int64_t n_m = model->shape().parameters.size();
    Batch c(2, 0), m(2, n_m), y(2, 32), w(2, 32), g(2, n_m);
    std::vector<SolveStatus> status(2);
    m.fill(0.3);
    m.write().row(1).back() = -0.4;
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
}

// The switches change nothing else: with kappa = model.kappa, and at the last observation time.
TEST(Diffusion, SwitchesKeepTheBitsOfTheSimplestModel) {
  const Solved plain = solve({});
  const Solved unknown = solve({{"unknown_kappa", "true"}});
  const Solved often = solve({{"n_time", "5"}});
  EXPECT_TRUE(std::ranges::equal(plain.y.read().values(), unknown.y.read().values()));
  EXPECT_TRUE(std::ranges::equal(plain.y.read().values(), often.y.read().values().subspan(4 * 32)));
  std::vector<double> m(8), m_unknown(9);
  plain.model->sample(7, {}, m);
  unknown.model->sample(7, {}, m_unknown);
  EXPECT_TRUE(std::ranges::equal(m, std::span(m_unknown).first(8)));
}

TEST(Diffusion, ObservesTheFirstTimesOnly) {
  const Keys keys = {{"n_time", "5"}, {"unknown_kappa", "true"}};
  const Solved all = solve(keys, 0.4);
  const Solved two = solve(keys, 0.4, 2);
  EXPECT_TRUE(std::ranges::equal(all.y.read().values().first(64), two.y.read().values().first(64)));
  // The adjoint of the first two times does not depend on the residuals at later times.
  Batch w(1, 160), g_all(1, 9), g_two(1, 9);
  std::ranges::fill(w.overwrite().row(0).first(64), 1.0);
  std::ranges::fill(w.write().row(0).subspan(64), 0.0);
  all.model->adjoint(w, g_all);
  std::ranges::fill(w.write().row(0).subspan(64), 3.0);
  two.model->adjoint(w, g_two);
  for (std::int64_t k = 0; k < 9; ++k)
    EXPECT_NEAR(g_all.read().row(0)[k], g_two.read().row(0)[k], 1e-12) << k;
}

TEST(Diffusion, HasTheTrajectoryOfTheExactSolution) {
  const Solved run = solve({{"n_grid", "65"}, {"n_step", "800"}});
  const Trajectory states = run.model->trajectory(0);
  ASSERT_EQ(states.n_grid, 66);
  ASSERT_EQ(states.time.size(), 201U);  // every fourth step
  ASSERT_EQ(states.states.size(), 201U * 66U);
  EXPECT_NEAR(states.time.back(), 0.1, 1e-12);
  double worst = 0.0;
  for (std::size_t n = 0; n < states.time.size(); ++n)
    for (std::size_t i = 0; i < 66; ++i)
      worst = std::max(worst, std::abs(states.states[n * 66 + i] -
                                       exact(static_cast<double>(i) / 66.0, states.time[n], 0.02)));
  EXPECT_LT(worst, 0.02);
}

TEST(Diffusion, RefusesTimesBetweenSteps) {
  try {
    make_test_model("diffusion", {{"n_time", "3"}});
    FAIL() << "no error";
  } catch (const BadInput& error) {
    EXPECT_NE(std::string(error.what()).find("'model.n_time': 3"), std::string::npos);
  }
}

}  // namespace
}  // namespace jpo
