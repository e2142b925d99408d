// Navier-Stokes: u_t + (u . grad) u = -grad p + nu lap u, div u = 0, on the unit square, periodic
// in x, no slip at y = 0 and y = 1 (or periodic), optionally with a cylinder.
//
// m = (x, f_x, f_y): position and strength of a Gaussian impulse near the bottom at t = 0. c: the
// velocity before the impulse in the upper half; the lower half is at rest. y: the velocity at T in
// the upper half. The lower half of the state is not observed.
//
// Space: staggered grid, second order (fluxes.hpp). Time: AB2 of the projected equation
// u_t = P N(u), started by an Euler step. P is exact (one sparse factor for all steps and
// problems), so that the order is 2 without a splitting error. Adjoint and tangent are those of
// this scheme (discretize, then optimize); P is symmetric.

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "models/batched_model.hpp"
#include "models/navier_stokes/physics.hpp"
#include "models/registry.hpp"
#include "models/time_steps.hpp"

namespace jpo {
namespace {

using navier_stokes::Grid;
using navier_stokes::Scheme;

constexpr std::int64_t kPictureTime = 250;
constexpr double kMegabyte = 1e6;
// AB2 is stable for real eigenvalues of dt N down to -1; those of the discrete nu lap are at least
// -8 nu / h^2.
constexpr double kDiffusionLimit = 0.125;

class NavierStokes : public BatchedModel {
 public:
  struct Settings : jpo::Settings {
    std::int64_t n_grid = 64;
    double horizon = 0.5;
    double time_step = 0.005;
    double viscosity = 2e-3;
    bool walls = true;
    std::string obstacle = "none";
    double obstacle_x = 0.5;
    double obstacle_y = 0.5;
    double obstacle_radius = 0.1;
    double speed = 0.5;
    double impulse_height = 0.15;
    double impulse_width = 0.06;
    double strength_max = 3.0;
    double memory_cap = 256.0;
    void describe(KeyTable& table) override;
    void check() const override;
    std::int64_t n_step() const { return std::llround(horizon / time_step); }
    double diffusion_number() const {
      return viscosity * time_step * static_cast<double>(n_grid * n_grid);
    }
    Grid grid(std::int64_t finer) const;
    Checkpoints checkpoints(const Grid& grid) const;

   private:
    double state_megabytes(std::int64_t n_state) const;
    void describe_flow(KeyTable& table);
    void check_numbers() const;
    void check_obstacle() const;
  };

  NavierStokes(const Settings& settings, const BuildOptions& options);

  void sample(std::uint64_t problem_seed, std::span<double> c, std::span<double> m) const override;
  Trajectory trajectory(std::int64_t row) const override;

 private:
  void set_shape(const Settings& settings);

  std::int64_t n_grid_;
  double speed_;
  /// Cells of the model per cell of the observation, in each direction.
  std::int64_t finer_;
  navier_stokes::Projector projector_;
  KernelArray<double> impulse_rows_;
  Scheme scheme_;
};

void NavierStokes::Settings::describe(KeyTable& table) {
  table.add("n_grid", &n_grid, {.doc = "cells in each direction, even", .min = 8, .max = 1024});
  table.add("horizon", &horizon,
            {.doc = "time T of the observation", .unit = "time", .min = 0, .min_is_open = true});
  table.add("time_step", &time_step,
            {.doc = "time step of AB2", .unit = "time", .min = 0, .min_is_open = true});
  table.add("memory_cap", &memory_cap,
            {.doc = "largest memory for the states of a block of 16 problems; the adjoint "
                    "recomputes states that do not fit",
             .unit = "MB",
             .min = 0,
             .min_is_open = true});
  describe_flow(table);
}

void NavierStokes::Settings::describe_flow(KeyTable& table) {
  table.add("viscosity", &viscosity,
            {.doc = "kinematic viscosity nu", .unit = "length^2 / time", .min = 0});
  table.add("walls", &walls,
            {.doc = "true: no slip at bottom and top; false: periodic in both directions"});
  table.add("obstacle", &obstacle,
            {.doc = "cylinder: cell faces whose centre lies inside the cylinder are closed",
             .allowed = {"none", "cylinder"}});
  table.add("obstacle_x", &obstacle_x, {.doc = "x of the cylinder's centre", .unit = "length"});
  table.add("obstacle_y", &obstacle_y, {.doc = "y of the cylinder's centre", .unit = "length"});
  table.add("obstacle_radius", &obstacle_radius,
            {.doc = "radius of the cylinder",
             .unit = "length",
             .min = 0,
             .max = 0.25,
             .min_is_open = true});
  table.add("speed", &speed,
            {.doc = "root mean square of the initial velocity in the upper half",
             .unit = "length / time",
             .min = 0,
             .min_is_open = true});
  table.add("impulse_height", &impulse_height,
            {.doc = "y of the impulse's centre", .unit = "length", .min = 0, .max = 0.5});
  table.add("impulse_width", &impulse_width,
            {.doc = "standard deviation of the Gaussian impulse",
             .unit = "length",
             .min = 0,
             .min_is_open = true});
  table.add("strength_max", &strength_max,
            {.doc = "f_x and f_y are in [-strength_max, strength_max]",
             .unit = "length / time",
             .min = 0,
             .min_is_open = true});
}

Grid NavierStokes::Settings::grid(std::int64_t finer) const {
  // Half the step, or a quarter of it if diffusion on the finer grid would be unstable.
  const std::int64_t more = finer == 1 ? 1 : (2.0 * diffusion_number() <= kDiffusionLimit ? 2 : 4);
  Grid grid{n_grid * finer,  viscosity, time_step / static_cast<double>(more),
            n_step() * more, walls,     {}};
  if (obstacle == "cylinder") grid.cylinder = {obstacle_x, obstacle_y, obstacle_radius};
  return grid;
}

double NavierStokes::Settings::state_megabytes(std::int64_t n_state) const {
  return static_cast<double>(n_state * grid(1).block_size()) * sizeof(double) / kMegabyte;
}

// The finer grid also keeps to memory_cap if possible; otherwise it takes the least memory.
Checkpoints NavierStokes::Settings::checkpoints(const Grid& grid) const {
  const double state = static_cast<double>(grid.block_size()) * sizeof(double);
  return fit_checkpoints(grid.n_step, static_cast<std::int64_t>(memory_cap * kMegabyte / state));
}

void NavierStokes::Settings::check() const {
  check_numbers();
  check_obstacle();
}

void NavierStokes::Settings::check_numbers() const {
  if (n_grid % 2 != 0)
    throw BadInput(
        fmt::format("key 'model.n_grid' = {}: must be even (the upper half is observed)", n_grid));
  check_step_count(horizon, time_step);
  check_whole_steps(horizon, time_step, "time steps");
  if (diffusion_number() > kDiffusionLimit)
    throw BadInput(fmt::format(
        "key 'model.time_step' = {}: diffusion is unstable, viscosity * time_step * n_grid^2 = {} "
        "is above 1/8; allowed: time_step <= {}",
        time_step, diffusion_number(),
        kDiffusionLimit / (viscosity * static_cast<double>(n_grid * n_grid))));
  const double least = state_megabytes(least_checkpoints(n_step()).n_state());
  if (memory_cap < least)
    throw BadInput(fmt::format(
        "key 'model.memory_cap' = {}: too small for two levels of checkpoints; allowed: >= {}",
        memory_cap, least));
}

void NavierStokes::Settings::check_obstacle() const {
  if (obstacle != "cylinder" || !walls) return;
  if (obstacle_y - obstacle_radius <= 0.0 || obstacle_y + obstacle_radius >= 1.0)
    throw BadInput(
        fmt::format("key 'model.obstacle_y' = {}: the cylinder of radius {} must lie between the "
                    "walls; allowed: in ({}, {})",
                    obstacle_y, obstacle_radius, obstacle_radius, 1.0 - obstacle_radius));
}

NavierStokes::NavierStokes(const Settings& settings, const BuildOptions& options)
    : BatchedModel(options.space),
      n_grid_(settings.n_grid),
      speed_(settings.speed),
      finer_(options.resolution == Resolution::data ? 2 : 1),
      projector_(settings.grid(finer_), options.space),
      impulse_rows_(options.space,
                    navier_stokes::impulse_rows(settings.grid(finer_), settings.impulse_height,
                                                settings.impulse_width)),
      scheme_{settings.grid(finer_), settings.checkpoints(settings.grid(finer_)),
              projector_.projection()} {
  set_shape(settings);
  const Grid& grid = scheme_.grid;
  set_kernels(lane_kernels(navier_stokes::Physics{
      scheme_, {grid, finer_}, {grid, settings.impulse_width, impulse_rows_.data()}}));
  // The recomputed states are in the scratch memory of the scheme, but too large to be neglected.
  if (shares_scratch(space()))
    shape_.state_bytes +=
        static_cast<double>(scheme_.checkpoints.n_between() * grid.n_face()) * sizeof(double);
}

void NavierStokes::set_shape(const Settings& settings) {
  // The box of x is shorter than the period, so that its two ends are different points.
  const double strength = settings.strength_max;
  shape_.parameters = {{"x", "f_x", "f_y"},
                       {"length", "length / time", "length / time"},
                       {0.1, -strength, -strength},
                       {0.9, strength, strength},
                       {0.5, 0.0, 0.0},
                       {0.4, strength, strength}};
  // The rows of the upper half are the channels: a network convolves along x.
  shape_.context = {n_grid_, n_grid_, true, "length / time",
                    "velocity at t = 0 before the impulse, upper half: rows of u, then of v"};
  shape_.observation = {n_grid_, n_grid_, true, "length / time",
                        "velocity at T, upper half: rows of u, then of v"};
  shape_.trajectory.state = "v";
  shape_.trajectory.state_unit = "length / time";
  shape_.has_finer = true;
  shape_.recompute_factor = scheme_.checkpoints.recompute_factor();
}

void NavierStokes::sample(std::uint64_t problem_seed, std::span<double> c,
                          std::span<double> m) const {
  RandomStream stream(problem_seed);
  navier_stokes::draw_upper_velocity(stream, n_grid_, speed_, c);
  for (std::size_t k = 0; k < m.size(); ++k)
    m[k] = stream.uniform(shape_.parameters.lower[k], shape_.parameters.upper[k]);
}

// Returns the vertical velocity along mid-height at times of kept states.
Trajectory NavierStokes::trajectory(std::int64_t row) const {
  const Grid& grid = scheme_.grid;
  Trajectory result;
  result.n_grid = grid.n;
  result.length = 1.0;
  const std::int64_t thin = std::max<std::int64_t>(1, grid.n_step / kPictureTime);
  for (std::int64_t t = 0; t <= grid.n_step; ++t) {
    if (!scheme_.checkpoints.keeps(t) || (t % thin != 0 && t != grid.n_step)) continue;
    result.time.push_back(static_cast<double>(t) * grid.dt);
    const std::int64_t first = scheme_.record_offset(t) + grid.v_face(0, grid.n / 2) * n_lane;
    const std::vector<double> v = read_states(row, first, grid.n);
    result.states.insert(result.states.end(), v.begin(), v.end());
  }
  return result;
}

const RegisterModel<NavierStokes> registered{
    "navier_stokes", "two-dimensional flow, half observed; unknown impulse near the bottom"};

}  // namespace
}  // namespace jpo
