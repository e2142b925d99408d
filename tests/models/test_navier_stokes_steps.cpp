// Tests the scheme of the Navier-Stokes model with exact solutions and identities.

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/models/flow_run.hpp"

namespace jpo::navier_stokes {
namespace {

constexpr double kPi = std::numbers::pi;

// Returns nu |grad u|^2 summed over the faces, from differences between neighbours. The distance
// between a wall and the nearest u is half a cell.
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

// Taylor-Green vortices in a mean flow (a, b), so that convection does not cancel: an exact
// solution on the periodic square.
FlowFunctions travelling_vortices(double a, double b, double viscosity, double time) {
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

TEST(NavierStokesSteps, IsOfSecondOrderInSpaceOnTaylorGreenVortices) {
  for (const auto& [a, b] : {std::pair(0.0, 0.0), std::pair(0.7, 0.4)}) {
    std::vector<double> errors;
    for (const std::int64_t n : {8, 16, 32}) errors.push_back(vortex_error(n, 256, a, b));
    EXPECT_NEAR(std::log2(errors[0] / errors[1]), 2.0, 0.2) << a;
    EXPECT_NEAR(std::log2(errors[1] / errors[2]), 2.0, 0.1) << a;
    EXPECT_LT(errors[2], 4e-3);
  }
}

// The reference is a run on the same grid with small steps, which has the same error in space.
TEST(NavierStokesSteps, IsOfSecondOrderInTimeOnTravellingVortices) {
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
TEST(NavierStokesSteps, IsOfSecondOrderAtNoSlipWalls) {
  std::vector<double> errors;
  for (const std::int64_t n : {8, 16, 32}) {
    const auto shear = [](double time) {
      const double decay = std::exp(-0.05 * kPi * kPi * time);
      return FlowFunctions{[=](double, double y) { return decay * std::sin(kPi * y); },
                           [](double, double) { return 0.0; }};
    };
    const Grid grid{n, 0.05, 0.002, 200, true, {}};
    errors.push_back(distance(FlowRun(grid, shear(0.0)).at(200), sampled(grid, shear(0.4))));
  }
  EXPECT_NEAR(std::log2(errors[0] / errors[1]), 2.0, 0.1);
  EXPECT_NEAR(std::log2(errors[1] / errors[2]), 2.0, 0.1);
}

// A rough flow with a divergence and with velocities at the walls.
FlowFunctions rough_flow() {
  return {[](double x, double y) { return std::sin(7.0 * x + 11.0 * y) + 0.3; },
          [](double x, double y) { return std::cos(13.0 * x - 5.0 * y * y); }};
}

std::vector<Grid> kinds_of_grid(std::int64_t n_step) {
  const Cylinder cylinder{0.45, 0.55, 0.15};
  return {{16, 2e-3, 0.005, n_step, true, {}},
          {16, 2e-3, 0.005, n_step, false, {}},
          {16, 2e-3, 0.005, n_step, true, cylinder},
          {16, 2e-3, 0.005, n_step, false, cylinder}};
}

TEST(NavierStokesSteps, EveryStepIsFreeOfDivergenceAndZeroOnClosedFaces) {
  for (const Grid& grid : kinds_of_grid(30)) {
    const FlowRun run(grid, rough_flow());
    const std::vector<double> open = open_faces(grid);
    EXPECT_GT(largest_divergence(grid, sampled(grid, rough_flow())), 1.0);
    for (std::int64_t t = 0; t <= grid.n_step; ++t) {
      const std::vector<double> u = run.at(t);
      EXPECT_LT(largest_divergence(grid, u), 1e-12 / grid.h());
      for (std::size_t face = 0; face < u.size(); ++face)
        EXPECT_EQ(open[face] == 0.0 ? u[face] : 0.0, 0.0);
    }
  }
}

TEST(NavierStokesSteps, CylinderClosesTheFacesOfItsCells) {
  const Grid grid{32, 2e-3, 0.005, 1, true, {0.45, 0.55, 0.15}};
  const std::vector<char> fluid = fluid_cells(grid);
  const auto n_solid = static_cast<double>(std::ranges::count(fluid, 0));
  EXPECT_NEAR(n_solid * grid.h() * grid.h(), kPi * 0.15 * 0.15, 0.005);
  // The cell at its centre has four closed faces.
  const std::vector<double> open = open_faces(grid);
  for (const std::int64_t face :
       {grid.u_face(14, 17), grid.u_face(15, 17), grid.v_face(14, 17), grid.v_face(14, 18)})
    EXPECT_EQ(open[face], 0.0);
}

// <u, N(u)> = -nu |grad u|^2 up to round-off for a divergence-free u, as convection does no work.
TEST(NavierStokesSteps, OnlyViscosityDissipatesEnergy) {
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

// |u(T)|^2 / 2 - |u(0)|^2 / 2 = -int_0^T nu |grad u|^2, up to an error of O(dt^2).
TEST(NavierStokesSteps, EnergyDecaysAtTheViscousRate) {
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

// The largest step that check() allows damps the stiffest mode. A step that is 10 % larger does
// not.
TEST(NavierStokesSteps, TheDiffusionLimitIsSharp) {
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

}  // namespace
}  // namespace jpo::navier_stokes
