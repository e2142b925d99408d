// Kuramoto-Sivashinsky: u_t = alpha G(x) - u_xx - u_xxxx - beta u u_x, G = cos(4 pi x / L),
// periodic.
//
// Central differences, u u_x = (u^2)_x / 2. A = D2 + D4 is implicit (Ascher, Ruuth, Wetton 1995,
// doi 10.1137/0732037), with one factorization for all steps and problems. The first step is IMEX
// Euler:
//   second_order, SBDF2: (3/2 + dt A) u[t+1] = 2 u[t] - u[t-1]/2 + dt (2 N[t] - N[t-1])
//   fourth_order, CNAB2: (1 + dt/2 A) u[t+1] = (1 - dt/2 A) u[t] + dt (3/2 N[t] - N[t-1]/2)
// Adjoint and tangent are those of the scheme (sweeps.hpp).
// unknown = "forcing": m = (alpha, beta), c = u(0), y = u(T).
// unknown = "initial_state" (assimilation): alpha = 0, beta = 1, u(0) = C m, m = whitened
// amplitudes of 9 Fourier modes, y = every 8th point at T/10, 2T/10, ..., T.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "models/batched_model.hpp"
#include "models/kuramoto_sivashinsky/fourier.hpp"
#include "models/kuramoto_sivashinsky/scheme_data.hpp"
#include "models/registry.hpp"
#include "models/time_steps.hpp"

namespace jpo {
namespace {

using kuramoto_sivashinsky::FourthOrder;
using kuramoto_sivashinsky::Grid;
using kuramoto_sivashinsky::Observed;
using kuramoto_sivashinsky::Scheme;
using kuramoto_sivashinsky::SchemeData;
using kuramoto_sivashinsky::SecondOrder;
using AnySchemeData = std::variant<SchemeData<SecondOrder>, SchemeData<FourthOrder>>;

constexpr std::int64_t kObservationTime = 10;
constexpr std::int64_t kObservationStride = 8;
constexpr std::int64_t kPictureTime = 250;
// Largest dt / dx^4. With larger values, round-off of dt A destroys the mass term of B.
constexpr double kLargestCurvature = 1e10;
constexpr double kFinerTimeStep = 0.05;

AnySchemeData make_scheme_data(const Grid& grid, const std::vector<double>& start_matrix,
                               MemorySpace space) {
  if (grid.scheme == Scheme::second_order)
    return AnySchemeData(std::in_place_type<SchemeData<SecondOrder>>, grid, start_matrix, space);
  return AnySchemeData(std::in_place_type<SchemeData<FourthOrder>>, grid, start_matrix, space);
}

class KuramotoSivashinsky : public BatchedModel {
 public:
  struct Settings : jpo::Settings {
    double horizon = 25.0;
    double length = 44.0;
    std::int64_t n_grid = 128;
    std::string scheme = "second_order";
    double time_step = 0.0;
    std::string unknown = "forcing";
    double alpha_max = 1.0;
    double beta_min = 0.5;
    double beta_max = 1.5;
    void describe(KeyTable& table) override;
    void check() const override;
    bool assimilates() const { return unknown == "initial_state"; }
    double step() const;
    Grid grid(Resolution resolution) const;
    /// Returns the matrix of u(0) = matrix * (c or m); empty: u(0) = c.
    std::vector<double> start_matrix(const Grid& grid) const;
  };

  KuramotoSivashinsky(const Settings& settings, const BuildOptions& options);

  void sample(std::uint64_t problem_seed, std::span<double> c, std::span<double> m) const override;
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override;
  void observe_channels(std::int64_t n) override { n_needed_channel_ = n; }
  Trajectory trajectory(std::int64_t row) const override;

 private:
  void set_shape(const Settings& settings);
  void set_physics();

  bool assimilates_;
  Grid grid_;
  AnySchemeData data_;
  /// Observations of the last solve.
  Observed observed_;
  std::int64_t n_needed_channel_;
};

void KuramotoSivashinsky::Settings::describe(KeyTable& table) {
  table.add(
      "horizon", &horizon,
      {.doc = "time T of the (last) observation", .unit = "time", .min = 0, .min_is_open = true});
  table.add("length", &length,
            {.doc = "length L of the periodic domain", .unit = "length", .min = 1e-3});
  table.add("n_grid", &n_grid, {.doc = "grid points", .min = 16, .max = 4096});
  table.add("scheme", &scheme,
            {.doc = "order of the differences in space; the time stepping is SBDF2 for "
                    "second_order and CNAB2 for fourth_order",
             .allowed = {"second_order", "fourth_order"}});
  table.add("time_step", &time_step,
            {.doc = "time step; 0: default of the scheme, 0.1 for second_order and 0.05 for "
                    "fourth_order",
             .unit = "time",
             .min = 0});
  table.add(
      "unknown", &unknown,
      {.doc = "forcing: m = (alpha, beta), u(0) known; initial_state: m = amplitudes of u(0), "
              "sparse observations in time (4D-Var)",
       .allowed = {"forcing", "initial_state"}});
  table.add("alpha_max", &alpha_max,
            {.doc = "alpha is in [-alpha_max, alpha_max]; with 0.3 long flows stay chaotic",
             .min = 0,
             .min_is_open = true});
  table.add("beta_min", &beta_min, {.doc = "lower bound of beta"});
  table.add("beta_max", &beta_max, {.doc = "upper bound of beta"});
}

double KuramotoSivashinsky::Settings::step() const {
  if (time_step > 0.0) return time_step;
  return scheme == "second_order" ? 0.1 : 0.05;
}

// Resolution::data: the fourth-order scheme, half the grid spacing, and half the time step or less.
Grid KuramotoSivashinsky::Settings::grid(Resolution resolution) const {
  const std::int64_t n_step = std::llround(horizon / step());
  if (resolution == Resolution::inversion)
    return {scheme == "second_order" ? Scheme::second_order : Scheme::fourth_order, n_grid, length,
            step(), n_step};
  std::int64_t finer = 2;
  while (step() / static_cast<double>(finer) > kFinerTimeStep * (1.0 + 1e-9)) finer *= 2;
  return {Scheme::fourth_order, 2 * n_grid, length, step() / static_cast<double>(finer),
          n_step * finer};
}

void KuramotoSivashinsky::Settings::check() const {
  check_step_count(horizon, step());
  // The spacing of Resolution::data.
  const double dx = 0.5 * length / static_cast<double>(n_grid);
  if (!(step() / std::pow(dx, 4) <= kLargestCurvature))
    throw BadInput(fmt::format(
        "key 'model.n_grid' = {}: too fine for double precision with a time step of {}; allowed: "
        "grid spacings of {:.2g} or more, for this length at most {} points",
        n_grid, step(), 2.0 * std::pow(step() / kLargestCurvature, 0.25),
        std::floor(0.5 * length / std::pow(step() / kLargestCurvature, 0.25))));
  const double unit = (assimilates() ? static_cast<double>(kObservationTime) : 1.0) * step();
  check_whole_steps(horizon, unit, assimilates() ? "ten time steps" : "time steps");
  if (beta_max <= beta_min)
    throw BadInput(
        fmt::format("key 'model.beta_max' = {}: must be above beta_min = {}", beta_max, beta_min));
  if (assimilates() && n_grid % kObservationStride != 0)
    throw BadInput(
        fmt::format("key 'model.n_grid' = {}: must be a multiple of {} if every {}th "
                    "point is observed",
                    n_grid, kObservationStride, kObservationStride));
}

std::vector<double> KuramotoSivashinsky::Settings::start_matrix(const Grid& grid) const {
  if (assimilates()) return fourier_mode_matrix(grid.n);
  if (grid.n == n_grid) return {};
  return interpolation_matrix(n_grid, grid.n / n_grid);
}

KuramotoSivashinsky::KuramotoSivashinsky(const Settings& settings, const BuildOptions& options)
    : BatchedModel(options.space),
      assimilates_(settings.assimilates()),
      grid_(settings.grid(options.resolution)),
      data_(make_scheme_data(grid_, settings.start_matrix(grid_), options.space)),
      n_needed_channel_(assimilates_ ? kObservationTime : 1) {
  set_shape(settings);
  const std::int64_t finer = grid_.n / settings.n_grid;
  const std::int64_t stride = (assimilates_ ? kObservationStride : 1) * finer;
  observed_ = {n_needed_channel_, grid_.n_step / n_needed_channel_, grid_.n / stride, stride};
  set_physics();
}

void KuramotoSivashinsky::set_physics() {
  const auto n_input = assimilates_ ? shape_.parameters.size() : shape_.context.size();
  std::visit(
      [&](const auto& data) {
        set_kernels(lane_kernels(
            data.physics({.matrix = nullptr, .n_input = n_input, .is_unknown = assimilates_},
                         observed_, shape_.observation.size())));
      },
      data_);
}

void KuramotoSivashinsky::set_shape(const Settings& settings) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  ParameterSpace& m = shape_.parameters;
  if (assimilates_) {
    const std::size_t n = 2 * n_fourier_mode;
    for (std::size_t k = 0; k < n; ++k)
      m.names.push_back(fmt::format("{}{}", k % 2 == 0 ? "cos" : "sin", k / 2 + 1));
    m.units.assign(n, "1");
    m.lower.assign(n, -infinity);
    m.upper.assign(n, infinity);
    m.centre.assign(n, 0.0);
    m.scale.assign(n, 1.0);
    shape_.observation = {kObservationTime, settings.n_grid / kObservationStride, true, "velocity",
                          "every 8th point of u at T/10, 2T/10, ..., T"};
  } else {
    m = {{"alpha", "beta"},
         {"1", "1"},
         {-settings.alpha_max, settings.beta_min},
         {settings.alpha_max, settings.beta_max},
         {0.0, 0.5 * (settings.beta_min + settings.beta_max)},
         {settings.alpha_max, 0.5 * (settings.beta_max - settings.beta_min)}};
    shape_.context = {1, settings.n_grid, true, "velocity", "u(0) on the grid"};
    shape_.observation = {1, settings.n_grid, true, "velocity", "u(T) on the grid"};
  }
  shape_.has_finer = true;
  shape_.trajectory.state = "u";
  shape_.trajectory.state_unit = "velocity";
  shape_.channels_in_time = assimilates_;
}

void KuramotoSivashinsky::sample(std::uint64_t problem_seed, std::span<double> c,
                                 std::span<double> m) const {
  RandomStream stream(problem_seed);
  std::array<double, 2 * n_fourier_mode> amplitude{};
  for (double& value : amplitude) value = stream.normal();
  if (assimilates_) {
    std::ranges::copy(amplitude, m.begin());
    return;
  }
  // A smooth field with root mean square 1 on the grid of the context.
  const std::vector<double> modes = fourier_mode_matrix(static_cast<std::int64_t>(c.size()));
  double square = 0.0;
  for (std::size_t i = 0; i < c.size(); ++i) {
    c[i] = 0.0;
    for (std::size_t k = 0; k < amplitude.size(); ++k)
      c[i] += modes[i * amplitude.size() + k] * amplitude[k];
    square += c[i] * c[i];
  }
  for (double& value : c) value /= std::sqrt(square / static_cast<double>(c.size()));
  for (std::size_t k = 0; k < m.size(); ++k)
    m[k] = stream.uniform(shape_.parameters.lower[k], shape_.parameters.upper[k]);
}

void KuramotoSivashinsky::solve(const Batch& c, const Batch& m, Batch& y,
                                std::span<SolveStatus> status) {
  if (observed_.n_channel != n_needed_channel_) {
    observed_.n_channel = n_needed_channel_;
    set_physics();
  }
  BatchedModel::solve(c, m, y, status);
}

Trajectory KuramotoSivashinsky::trajectory(std::int64_t row) const {
  Trajectory result;
  result.n_grid = grid_.n;
  result.length = grid_.length;
  const std::int64_t last_step = observed_.last_step();
  const std::int64_t stride = std::max<std::int64_t>(1, last_step / kPictureTime);
  const auto add = [&](std::int64_t t) {
    result.time.push_back(static_cast<double>(t) * grid_.dt);
    const std::vector<double> state = read_states(row, t * grid_.n * n_lane, grid_.n);
    result.states.insert(result.states.end(), state.begin(), state.end());
  };
  for (std::int64_t t = 0; t < last_step; t += stride) add(t);
  add(last_step);
  return result;
}

const RegisterModel<KuramotoSivashinsky> registered{
    "kuramoto_sivashinsky", "chaotic flow in one dimension; unknown forcing or initial state"};

}  // namespace
}  // namespace jpo
