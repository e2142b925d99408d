#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "models/navier_stokes_steps.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

using navier_stokes::Grid;
using navier_stokes::Steps;

constexpr double kPi = std::numbers::pi;

/// A velocity as functions of the place.
struct Flow {
  std::function<double(double, double)> u, v;
};

double x_of_u(const Grid& grid, std::int64_t i) {
  return grid.h() * static_cast<double>(i);
}
double x_of_v(const Grid& grid, std::int64_t i) {
  return grid.h() * (static_cast<double>(i) + 0.5);
}

// One lane of a velocity [face], by value at the middle of each face; row 0 of v is a wall.
std::vector<double> sampled(const Grid& grid, const Flow& flow) {
  std::vector<double> velocity(static_cast<std::size_t>(grid.n_face()));
  for (std::int64_t j = 0; j < grid.n; ++j) {
    for (std::int64_t i = 0; i < grid.n; ++i) {
      velocity[grid.u_face(i, j)] = flow.u(x_of_u(grid, i), x_of_v(grid, j));
      velocity[grid.v_face(i, j)] =
          grid.walls && j == 0 ? 0.0 : flow.v(x_of_v(grid, i), x_of_u(grid, j));
    }
  }
  return velocity;
}

/// A run of the scheme with every state kept; the flow is in lane 5 only.
class FlowRun {
 public:
  FlowRun(const Grid& grid, const Flow& start) : steps_(grid, Checkpoints{grid.n_step, 1}) {
    record_.reserve(steps_.record_size());
    const std::vector<double> velocity = sampled(grid, start);
    for (std::size_t face = 0; face < velocity.size(); ++face)
      steps_.state(record_.data(), 0)[face * n_lane + 5] = velocity[face];
    steps_.forward(record_.data());
  }
  std::vector<double> at(std::int64_t step) const {
    return lane(steps_.state(record_.data(), step));
  }
  std::vector<double> rate_at(std::int64_t step) {
    LaneBuffer rate;
    rate.reserve(steps_.grid().block_size());
    steps_.rate(steps_.state(record_.data(), step), rate.data());
    return lane(rate.data());
  }
  const Steps& steps() const { return steps_; }

 private:
  std::vector<double> lane(const double* block) const {
    std::vector<double> result;
    for (std::int64_t face = 0; face < steps_.grid().n_face(); ++face)
      result.push_back(block[face * n_lane + 5]);
    return result;
  }
  Steps steps_;
  LaneBuffer record_;
};

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

// Root mean square of the difference.
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

double largest_divergence(const Grid& grid, const std::vector<double>& velocity) {
  double largest = 0.0;
  for (std::int64_t j = 0; j < grid.n; ++j)
    for (std::int64_t i = 0; i < grid.n; ++i)
      largest = std::max(
          largest,
          std::abs(velocity[grid.u_face((i + 1) % grid.n, j)] - velocity[grid.u_face(i, j)] +
                   velocity[grid.v_face(i, (j + 1) % grid.n)] - velocity[grid.v_face(i, j)]) /
              grid.h());
  return largest;
}

// nu |grad u|^2 summed over the faces, from differences between neighbours; half a cell lies
// between a wall and the u next to it.
double dissipation(const Grid& grid, const std::vector<double>& velocity) {
  double sum = 0.0;
  for (std::int64_t j = 0; j < grid.n; ++j) {
    for (std::int64_t i = 0; i < grid.n; ++i) {
      for (const std::int64_t channel : {0, 1}) {
        const auto at = [&](std::int64_t ii, std::int64_t jj) {
          return velocity[(channel * grid.n + jj % grid.n) * grid.n + ii % grid.n];
        };
        sum += std::pow(at(i + 1, j) - at(i, j), 2);
        const bool through_wall = grid.walls && channel == 0 && j + 1 == grid.n;
        if (!through_wall) sum += std::pow(at(i, j + 1) - at(i, j), 2);
      }
      if (grid.walls && (j == 0 || j + 1 == grid.n))
        sum += 2.0 * std::pow(velocity[grid.u_face(i, j)], 2);
    }
  }
  return grid.viscosity * sum / (grid.h() * grid.h());
}

// Taylor and Green's vortices, carried along by a mean flow (a, b) so that convection does not
// cancel: an exact solution on the periodic square.
Flow travelling_vortices(double a, double b, double viscosity, double time) {
  const double decay = std::exp(-8.0 * kPi * kPi * viscosity * time);
  const auto phase = [](double x, double speed, double t) { return 2.0 * kPi * (x - speed * t); };
  return {[=](double x, double y) {
            return a + decay * std::sin(phase(x, a, time)) * std::cos(phase(y, b, time));
          },
          [=](double x, double y) {
            return b - decay * std::cos(phase(x, a, time)) * std::sin(phase(y, b, time));
          }};
}

double vortex_error(std::int64_t n, std::int64_t n_step, double a, double b) {
  const double horizon = 0.2;
  const double viscosity = 0.01;
  const Grid grid{n, viscosity, horizon / static_cast<double>(n_step), n_step, false, {}};
  const FlowRun run(grid, travelling_vortices(a, b, viscosity, 0.0));
  return distance(run.at(n_step), sampled(grid, travelling_vortices(a, b, viscosity, horizon)));
}

TEST(NavierStokes, IsOfSecondOrderInSpaceOnTaylorGreenVortices) {
  for (const auto& [a, b] : {std::pair(0.0, 0.0), std::pair(0.7, 0.4)}) {
    std::vector<double> errors;
    for (const std::int64_t n : {8, 16, 32}) errors.push_back(vortex_error(n, 256, a, b));
    EXPECT_NEAR(std::log2(errors[0] / errors[1]), 2.0, 0.2) << a;
    EXPECT_NEAR(std::log2(errors[1] / errors[2]), 2.0, 0.1) << a;
    EXPECT_LT(errors[2], 4e-3);
  }
}

// Against the same grid with small steps: the error in space is common.
TEST(NavierStokes, IsOfSecondOrderInTimeOnTravellingVortices) {
  const auto run = [](std::int64_t n_step) {
    const Grid grid{16, 0.01, 0.2 / static_cast<double>(n_step), n_step, false, {}};
    return FlowRun(grid, travelling_vortices(0.7, 0.4, 0.01, 0.0)).at(n_step);
  };
  const std::vector<double> exact = run(1024);
  std::vector<double> errors;
  for (const std::int64_t n_step : {16, 32, 64}) errors.push_back(distance(run(n_step), exact));
  EXPECT_NEAR(std::log2(errors[0] / errors[1]), 2.0, 0.2);
  EXPECT_NEAR(std::log2(errors[1] / errors[2]), 2.0, 0.1);
}

// u = sin(pi y) exp(-nu pi^2 t): an exact solution between no-slip walls.
TEST(NavierStokes, IsOfSecondOrderAtNoSlipWalls) {
  std::vector<double> errors;
  for (const std::int64_t n : {8, 16, 32}) {
    const auto shear = [](double time) {
      const double decay = std::exp(-0.05 * kPi * kPi * time);
      return Flow{[=](double, double y) { return decay * std::sin(kPi * y); },
                  [](double, double) { return 0.0; }};
    };
    const Grid grid{n, 0.05, 0.002, 200, true, {}};
    errors.push_back(distance(FlowRun(grid, shear(0.0)).at(200), sampled(grid, shear(0.4))));
  }
  EXPECT_NEAR(std::log2(errors[0] / errors[1]), 2.0, 0.1);
  EXPECT_NEAR(std::log2(errors[1] / errors[2]), 2.0, 0.1);
}

// Rough on purpose, neither divergence-free nor still at the walls.
Flow rough_flow() {
  return {[](double x, double y) { return std::sin(7.0 * x + 11.0 * y) + 0.3; },
          [](double x, double y) { return std::cos(13.0 * x - 5.0 * y * y); }};
}

std::vector<Grid> kinds_of_grid(std::int64_t n_step) {
  const navier_stokes::Cylinder cylinder{0.45, 0.55, 0.15};
  return {{16, 2e-3, 0.005, n_step, true, {}},
          {16, 2e-3, 0.005, n_step, false, {}},
          {16, 2e-3, 0.005, n_step, true, cylinder},
          {16, 2e-3, 0.005, n_step, false, cylinder}};
}

TEST(NavierStokes, EveryStepIsFreeOfDivergenceAndStillOnClosedFaces) {
  for (const Grid& grid : kinds_of_grid(30)) {
    const FlowRun run(grid, rough_flow());
    const std::vector<double>& open = run.steps().projection().open();
    EXPECT_GT(largest_divergence(grid, sampled(grid, rough_flow())), 1.0);
    for (std::int64_t t = 0; t <= grid.n_step; ++t) {
      const std::vector<double> u = run.at(t);
      EXPECT_LT(largest_divergence(grid, u), 1e-12 / grid.h());
      for (std::size_t face = 0; face < u.size(); ++face)
        EXPECT_EQ(open[face] == 0.0 ? u[face] : 0.0, 0.0);
    }
  }
}

TEST(NavierStokes, CylinderClosesTheFacesOfItsCells) {
  const Grid grid{32, 2e-3, 0.005, 1, true, {0.45, 0.55, 0.15}};
  const std::vector<char> fluid = navier_stokes::fluid_cells(grid);
  const auto n_solid = static_cast<double>(std::ranges::count(fluid, 0));
  EXPECT_NEAR(n_solid * grid.h() * grid.h(), kPi * 0.15 * 0.15, 0.005);
  // The cell at its centre has four closed faces.
  const std::vector<double> open = navier_stokes::open_faces(grid);
  for (const std::int64_t face :
       {grid.u_face(14, 17), grid.u_face(15, 17), grid.v_face(14, 17), grid.v_face(14, 18)})
    EXPECT_EQ(open[face], 0.0);
}

// <u, N(u)> = -nu |grad u|^2 for a divergence-free u: convection does no work, to round-off.
TEST(NavierStokes, OnlyViscosityTakesEnergy) {
  for (const Grid& grid : kinds_of_grid(3)) {
    FlowRun run(grid, rough_flow());
    for (std::int64_t t = 0; t <= grid.n_step; ++t) {
      const std::vector<double> u = run.at(t);
      const double lost = dissipation(grid, u);
      EXPECT_GT(lost, 0.0);
      EXPECT_NEAR(dot(u, run.rate_at(t)), -lost, 1e-12 * dot(u, u) / grid.h());
    }
  }
}

// |u(T)|^2 / 2 - |u(0)|^2 / 2 = -int_0^T nu |grad u|^2: the time steps miss it by O(dt^2).
TEST(NavierStokes, EnergyDecaysAtTheViscousRate) {
  for (const std::size_t kind : {0, 2}) {
    std::vector<double> errors;
    for (const std::int64_t n_step : {100, 200, 400}) {
      Grid grid = kinds_of_grid(n_step)[kind];
      grid.dt = 0.25 / static_cast<double>(n_step);
      const auto bump = [](double y) { return std::pow(std::sin(kPi * y), 2); };
      const FlowRun run(
          grid, {[=](double x, double y) { return bump(y) * (1.0 + std::sin(2.0 * kPi * x)); },
                 [=](double x, double y) { return bump(y) * std::cos(2.0 * kPi * x); }});
      double lost = 0.0;
      double before = dot(run.at(0), run.at(0));
      for (std::int64_t t = 0; t < n_step; ++t) {
        lost += 0.5 * grid.dt * (dissipation(grid, run.at(t)) + dissipation(grid, run.at(t + 1)));
        const double after = dot(run.at(t + 1), run.at(t + 1));
        EXPECT_LT(after, before);
        before = after;
      }
      const double gone = 0.5 * (dot(run.at(0), run.at(0)) - before);
      EXPECT_GT(gone, 0.01 * dot(run.at(0), run.at(0)));
      errors.push_back(std::abs(gone - lost) / gone);
    }
    EXPECT_LT(errors[2], 1e-3);
    EXPECT_NEAR(std::log2(errors[0] / errors[1]), 2.0, 0.3) << kind;
    EXPECT_NEAR(std::log2(errors[1] / errors[2]), 2.0, 0.3) << kind;
  }
}

const std::map<std::string, std::string> kSmall = {
    {"n_grid", "16"}, {"horizon", "0.23"}, {"time_step", "0.01"}, {"impulse_width", "0.1"}};

struct Answers {
  std::vector<double> y, g, dy;
  ModelShape shape;
};

Answers answers_under(const std::string& memory_cap) {
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

// A state of 16 problems is 65,536 bytes; all 24 of them are 1.6 MB.
TEST(NavierStokes, AMemoryCapChangesNoBit) {
  const Answers all = answers_under("100");
  EXPECT_EQ(all.shape.recompute_factor, 1.0);
  EXPECT_EQ(all.shape.state_bytes, 24.0 * 512.0 * 8.0);
  double factor = 1.0;
  for (const char* cap : {"1.5", "1.2", "1.0", "0.92"}) {
    const Answers capped = answers_under(cap);
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

// The step at the edge of what check() allows damps the stiffest mode; one a tenth above does not.
TEST(NavierStokes, TheDiffusionLimitIsTheLimit) {
  const auto growth = [](double number) {
    const Grid grid{16, number / (256.0 * 0.01), 0.01, 400, false, {}};
    const FlowRun run(grid,
                      {[](double x, double y) {
                         return std::cos(16.0 * kPi * x) * std::cos(16.0 * kPi * (y - 1.0 / 32.0));
                       },
                       [](double x, double y) {
                         return -std::cos(16.0 * kPi * (x - 1.0 / 32.0)) * std::cos(16.0 * kPi * y);
                       }});
    return std::sqrt(dot(run.at(400), run.at(400)) / dot(run.at(0), run.at(0)));
  };
  EXPECT_LT(growth(0.124), 1.0);
  EXPECT_GT(growth(0.1375), 1e3);
}

// The prior of the initial velocity: nothing in the lower half, no divergence, the speed asked for.
TEST(NavierStokes, StartsFromTheContextWhereNoImpulseIs) {
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
  const Grid grid{16, 2e-3, 0.01, 1, true, {}};
  std::vector<double> velocity(512, 0.0);
  std::copy_n(upper.begin(), 128, velocity.begin() + 128);
  std::copy_n(upper.begin() + 128, 128, velocity.begin() + 384);
  EXPECT_LT(largest_divergence(grid, velocity), 1e-12);
  for (std::int64_t i = 0; i < 16; ++i) EXPECT_EQ(velocity[grid.v_face(i, 8)], 0.0);

  // Projected, it is itself: the first state of the picture has v at mid-height zero; a step moves
  // it by no more than dt |N|.
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

TEST(NavierStokes, SolvesEveryDrawOfThePriorAndSaysWhatBlowsUp) {
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
