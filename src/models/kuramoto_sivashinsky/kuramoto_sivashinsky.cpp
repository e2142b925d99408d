// Kuramoto-Sivashinsky: u_t = alpha G(x) - u_xx - u_xxxx - beta u u_x, G = cos(4 pi x / L),
// periodic.
//
// Central differences, u u_x = (u^2)_x / 2, A = D2 + D4 implicit (Ascher, Ruuth, Wetton 1995, doi
// 10.1137/0732037), one factorization for all steps and problems; the first step is IMEX Euler:
//   second_order, SBDF2: (3/2 + dt A) u[t+1] = 2 u[t] - u[t-1]/2 + dt (2 N[t] - N[t-1])
//   fourth_order, CNAB2: (1 + dt/2 A) u[t+1] = (1 - dt/2 A) u[t] + dt (3/2 N[t] - N[t-1]/2)
// Adjoint and tangent are those of the scheme: mu[t] solves the step for the cotangent of u[t].
// unknown = "forcing": m = (alpha, beta), c = u(0), y = u(T).
// unknown = "initial_state" (assimilation): alpha = 0, beta = 1, u(0) = C m with m the whitened
// amplitudes of 9 Fourier modes, y = every 8th point at T/10, 2T/10, ..., T.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "lanes/lanes.hpp"
#include "models/kuramoto_sivashinsky/fourier.hpp"
#include "models/kuramoto_sivashinsky/steps.hpp"
#include "models/registry.hpp"
#include "models/time_steps.hpp"

namespace jpo {
namespace {

using kuramoto_sivashinsky::Grid;
using kuramoto_sivashinsky::Observed;
using kuramoto_sivashinsky::Scheme;
using kuramoto_sivashinsky::Steps;

constexpr std::int64_t kObservationTime = 10;
constexpr std::int64_t kObservationStride = 8;
constexpr std::int64_t kPictureTime = 250;
constexpr double kLargestCurvature = 1e10;  // dt / dx^4: round-off of B against its mass of 1
constexpr double kFinerTimeStep = 0.05;

}  // namespace

class KuramotoSivashinsky : public ForwardModel {
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
  };

  KuramotoSivashinsky(const Settings& settings, const BuildOptions& options);

  const ModelShape& shape() const override { return shape_; }
  void sample(std::uint64_t problem_seed, std::span<double> c, std::span<double> m) const override;
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override;
  void adjoint(const Batch& w, Batch& g) override;
  void tangent(const Batch& v, Batch& dy) override;
  void observe_channels(std::int64_t n) override { observed_.n_channel = n; }
  Trajectory trajectory(std::int64_t row) const override;

 private:
  void set_shape(const Settings& settings);

  bool assimilates_;
  Grid grid_;
  ModelShape shape_;
  MemorySpace space_;
  std::unique_ptr<Steps> steps_;
  Observed observed_;           ///< n_channel: of y that are needed
  std::int64_t last_step_ = 0;  ///< of the last solve
};

void KuramotoSivashinsky::Settings::describe(KeyTable& table) {
  table.add(
      "horizon", &horizon,
      {.doc = "time T of the (last) observation", .unit = "time", .min = 0, .min_is_open = true});
  table.add("length", &length,
            {.doc = "length L of the periodic domain", .unit = "length", .min = 1e-3});
  table.add("n_grid", &n_grid, {.doc = "grid points", .min = 16, .max = 4096});
  table.add("scheme", &scheme,
            {.doc = "order of the differences in space; second_order steps by SBDF2, fourth_order "
                    "by CNAB2",
             .allowed = {"second_order", "fourth_order"}});
  table.add("time_step", &time_step,
            {.doc = "0: the scheme's own, 0.1 for second_order, 0.05 for fourth_order",
             .unit = "time",
             .min = 0});
  table.add(
      "unknown", &unknown,
      {.doc = "forcing: m = (alpha, beta), u(0) known; initial_state: m = amplitudes of u(0), "
              "sparse observations in time (4D-Var)",
       .allowed = {"forcing", "initial_state"}});
  table.add("alpha_max", &alpha_max,
            {.doc = "alpha in [-alpha_max, alpha_max]; 0.3 keeps long flows chaotic",
             .min = 0,
             .min_is_open = true});
  table.add("beta_min", &beta_min, {.doc = "lower bound of beta"});
  table.add("beta_max", &beta_max, {.doc = "upper bound of beta"});
}

double KuramotoSivashinsky::Settings::step() const {
  if (time_step > 0.0) return time_step;
  return scheme == "second_order" ? 0.1 : 0.05;
}

// Finer data: the fourth-order scheme, half the spacing, and half the step or less.
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
  const double dx = 0.5 * length / static_cast<double>(n_grid);  // that of finer data
  if (!(step() / std::pow(dx, 4) <= kLargestCurvature))
    throw BadInput(fmt::format(
        "key 'model.n_grid' = {}: too fine for double precision with a time step of {}; allowed "
        "are grid spacings of {:.2g} or more, at this length {} points or fewer",
        n_grid, step(), 2.0 * std::pow(step() / kLargestCurvature, 0.25),
        std::floor(0.5 * length / std::pow(step() / kLargestCurvature, 0.25))));
  const double unit = (assimilates() ? static_cast<double>(kObservationTime) : 1.0) * step();
  check_whole_steps(horizon, unit, assimilates() ? "ten time steps" : "time steps");
  if (beta_max <= beta_min)
    throw BadInput(
        fmt::format("key 'model.beta_max' = {}: must be above beta_min = {}", beta_max, beta_min));
  if (assimilates() && n_grid % kObservationStride != 0)
    throw BadInput(
        fmt::format("key 'model.n_grid' = {}: must be a multiple of {} where every {}th "
                    "point is observed",
                    n_grid, kObservationStride, kObservationStride));
}

KuramotoSivashinsky::KuramotoSivashinsky(const Settings& settings, const BuildOptions& options)
    : assimilates_(settings.assimilates()),
      grid_(settings.grid(options.resolution)),
      space_(options.space) {
  set_shape(settings);
  const std::int64_t finer = grid_.n / settings.n_grid;
  const std::int64_t stride = (assimilates_ ? kObservationStride : 1) * finer;
  const std::int64_t n_channel = assimilates_ ? kObservationTime : 1;
  observed_ = {n_channel, grid_.n_step / n_channel, grid_.n / stride, stride};
  std::vector<double> start_matrix;  // u(0) = matrix * (c or m); empty: u(0) = c
  if (assimilates_)
    start_matrix = fourier_mode_matrix(grid_.n);
  else if (finer > 1)
    start_matrix = interpolation_matrix(settings.n_grid, finer);
  steps_ = make_steps(grid_,
                      {.in_start = assimilates_,
                       .n_parameter = shape_.parameters.size(),
                       .n_start = assimilates_ ? shape_.parameters.size() : shape_.context.size(),
                       .start_matrix = nullptr},
                      start_matrix, space_);
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
  shape_.has_tangent = true;
  shape_.has_finer = true;
  shape_.channels_in_time = assimilates_;
  shape_.state_bytes = static_cast<double>((grid_.n_step + 1) * grid_.n) * sizeof(double);
  // On the host the tangents of all blocks share the memory of one.
  if (space_ == MemorySpace::cuda) shape_.tangent_bytes = shape_.state_bytes;
  shape_.state_block = n_lane;
  shape_.space = space_;
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
  // A smooth field of unit deviation over the grid; the grid is that of the context.
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
  last_step_ = observed_.last_step();
  const std::vector<double> flags =
      steps_->solve(observed_, c.read(space_), m.read(space_), y.overwrite(space_));
  std::ranges::transform(flags, status.begin(), [](double flag) {
    return std::isfinite(flag) ? SolveStatus::converged : SolveStatus::diverged;
  });
}

void KuramotoSivashinsky::adjoint(const Batch& w, Batch& g) {
  steps_->adjoint(w.read(space_), g.overwrite(space_));
}

void KuramotoSivashinsky::tangent(const Batch& v, Batch& dy) {
  steps_->tangent(v.read(space_), dy.overwrite(space_));
}

Trajectory KuramotoSivashinsky::trajectory(std::int64_t row) const {
  Trajectory result;
  result.n_grid = grid_.n;
  result.length = grid_.length;
  const std::int64_t stride = std::max<std::int64_t>(1, last_step_ / kPictureTime);
  const auto add = [&](std::int64_t t) {
    result.time.push_back(static_cast<double>(t) * grid_.dt);
    const std::vector<double> state = steps_->state(row, t);
    result.states.insert(result.states.end(), state.begin(), state.end());
  };
  for (std::int64_t t = 0; t < last_step_; t += stride) add(t);
  add(last_step_);
  return result;
}

namespace {
const RegisterModel<KuramotoSivashinsky> registered{
    "kuramoto_sivashinsky", "chaotic flow in one dimension; unknown forcing or initial state"};
}  // namespace

}  // namespace jpo
