// Tests settings, memory, prior and outcomes of the Navier-Stokes model.

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "tests/models/flow_run.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

const std::map<std::string, std::string> kSmall = {
    {"n_grid", "16"}, {"horizon", "0.23"}, {"time_step", "0.01"}, {"impulse_width", "0.1"}};

struct Results {
  std::vector<double> y, g, dy;
  ModelShape shape;
};

Results results_with(const std::string& memory_cap) {
  auto settings = kSmall;
  settings["memory_cap"] = memory_cap;
  const auto model = make_test_model("navier_stokes", settings);
  constexpr std::int64_t n = 20;
  Batch c(n, 256), m(n, 3), y(n, 256), w(n, 256), g(n, 3), v(n, 3), dy(n, 256);
  for (std::int64_t row = 0; row < n; ++row)
    model->sample(static_cast<std::uint64_t>(row), c.write().row(row), m.write().row(row));
  w.fill(0.3);
  v.fill(0.7);
  std::vector<SolveStatus> status(n);
  model->solve(c, m, y, status);
  model->adjoint(w, g);
  model->tangent(v, dy);
  const auto values = [](const Batch& batch) {
    const auto rows = batch.read();
    return std::vector<double>(rows.values().begin(), rows.values().end());
  };
  return {values(y), values(g), values(dy), model->shape()};
}

// A state of 16 problems is 65,536 bytes; all 24 states are 1.6 MB. The three parameters are stored
// too.
TEST(NavierStokes, AMemoryCapChangesNoBit) {
  const Results all = results_with("100");
  EXPECT_EQ(all.shape.recompute_factor, 1.0);
  EXPECT_EQ(all.shape.state_bytes, (24.0 * 512.0 + 3.0) * 8.0);
  double factor = 1.0;
  for (const char* cap : {"1.5", "1.2", "1.0", "0.92"}) {
    const Results capped = results_with(cap);
    EXPECT_LE(capped.shape.state_bytes * 16.0, std::stod(cap) * 1e6);
    EXPECT_GE(capped.shape.recompute_factor, factor);
    factor = capped.shape.recompute_factor;
    EXPECT_GT(factor, 1.0);
    EXPECT_LE(factor, 2.0);
    EXPECT_EQ(capped.y, all.y) << cap;
    EXPECT_EQ(capped.g, all.g) << cap;
    EXPECT_EQ(capped.dy, all.dy) << cap;
  }
}

TEST(NavierStokes, RefusesUnstableStepsAndTooLittleMemory) {
  const auto message = [](const std::string& key, const std::string& value) -> std::string {
    auto settings = kSmall;
    settings[key] = value;
    try {
      make_test_model("navier_stokes", settings);
    } catch (const BadInput& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message("viscosity", "0.048"), "");
  EXPECT_NE(message("viscosity", "0.050").find("time_step"), std::string::npos);
  EXPECT_NE(message("memory_cap", "0.5").find("allowed: >= "), std::string::npos);
  EXPECT_NE(message("n_grid", "17").find("even"), std::string::npos);
  EXPECT_NE(message("horizon", "0.235").find("nearest allowed"), std::string::npos);
  auto cylinder = kSmall;
  cylinder["obstacle"] = "cylinder";
  cylinder["obstacle_y"] = "0.95";
  EXPECT_THROW(make_test_model("navier_stokes", cylinder), BadInput);
}

// The prior of the initial velocity is zero in the lower half, free of divergence, and has the
// given speed.
TEST(NavierStokes, StartsFromTheContextWithoutAnImpulse) {
  auto settings = kSmall;
  settings["horizon"] = "0.01";
  settings["speed"] = "0.8";
  const auto model = make_test_model("navier_stokes", settings);
  Batch c(1, 256), m(1, 3), y(1, 256);
  model->sample(3, c.write().row(0), m.write().row(0));
  const auto upper = c.read().row(0);
  double square = 0.0;
  for (const double value : upper) square += value * value;
  EXPECT_NEAR(square / 128.0, 0.64, 1e-12);
  const navier_stokes::Grid grid{16, 2e-3, 0.01, 1, true, {}};
  std::vector<double> velocity(512, 0.0);
  std::copy_n(upper.begin(), 128, velocity.begin() + 128);
  std::copy_n(upper.begin() + 128, 128, velocity.begin() + 384);
  EXPECT_LT(navier_stokes::largest_divergence(grid, velocity), 1e-12);
  for (std::int64_t i = 0; i < 16; ++i) EXPECT_EQ(velocity[grid.v_face(i, 8)], 0.0);

  // The projection does not change it: the first state of the trajectory has v = 0 at mid-height. A
  // step changes it by at most dt |N|.
  for (double& value : m.write().row(0).subspan(1)) value = 0.0;
  std::vector<SolveStatus> status(1);
  model->solve(c, m, y, status);
  const Trajectory trajectory = model->trajectory(0);
  ASSERT_EQ(trajectory.time, (std::vector<double>{0.0, 0.01}));
  for (std::size_t i = 0; i < 16; ++i) EXPECT_NEAR(trajectory.states[i], 0.0, 1e-14);
  double moved = 0.0;
  for (std::size_t k = 0; k < 256; ++k)
    moved = std::max(moved, std::abs(y.read().row(0)[k] - upper[k]));
  EXPECT_GT(moved, 1e-4);
  EXPECT_LT(moved, 0.2);
}

TEST(NavierStokes, SolvesEveryDrawOfThePriorAndFindsDivergence) {
  const auto model = make_test_model("navier_stokes", {{"n_grid", "32"}, {"time_step", "0.01"}});
  constexpr std::int64_t n = 64;
  Batch c(n, 1024), m(n, 3), y(n, 1024);
  for (std::int64_t row = 0; row < n; ++row)
    model->sample(static_cast<std::uint64_t>(row), c.write().row(row), m.write().row(row));
  std::vector<SolveStatus> status(n);
  model->solve(c, m, y, status);
  EXPECT_EQ(std::ranges::count(status, SolveStatus::converged), n);
  for (const double value : y.read().values()) EXPECT_LT(std::abs(value), 5.0);
  c.write().row(9)[100] = 1e9;
  m.write().row(40)[0] = std::numeric_limits<double>::quiet_NaN();
  m.write().row(41)[2] = std::numeric_limits<double>::infinity();
  model->solve(c, m, y, status);
  for (std::size_t row = 0; row < n; ++row) {
    const bool bad = row == 9 || row == 40 || row == 41;
    EXPECT_EQ(status[row], bad ? SolveStatus::diverged : SolveStatus::converged) << row;
  }
}

}  // namespace
}  // namespace jpo
