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
#include "models/fourier.hpp"
#include "models/kuramoto_sivashinsky_steps.hpp"
#include "models/lanes.hpp"
#include "models/registry.hpp"
#include "models/time_steps.hpp"

namespace jpo {
namespace {

using kuramoto_sivashinsky::Coefficients;
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

  KuramotoSivashinsky(const Settings& settings, const ModelPlace& place);

  const ModelShape& shape() const override { return shape_; }
  void sample(std::uint64_t problem_seed, std::span<double> c, std::span<double> m) const override;
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override;
  void adjoint(const Batch& w, Batch& g) override;
  void tangent(const Batch& v, Batch& dy) override;
  void observe_channels(std::int64_t n) override { n_channel_ = n; }
  Trajectory trajectory(std::int64_t row) const override;

 private:
  void set_shape(const Settings& settings);
  std::int64_t block_size() const { return grid_.n * n_lane; }
  std::int64_t trajectory_size() const { return (grid_.n_step + 1) * block_size(); }
  double* states_of(std::int64_t block) { return states_.data() + block * trajectory_size(); }
  Coefficients coefficients(const double* m) const {
    return assimilates_ ? Coefficients{lanes_of(0.0), lanes_of(1.0)}
                        : Coefficients{load(m), load(m + n_lane)};
  }
  /// What the last solve observed; it ended at the last of these steps.
  Observed observed() const {
    return {std::span(observed_step_).first(static_cast<std::size_t>(n_solved_channel_)),
            grid_.n / observed_stride_, observed_stride_};
  }
  std::int64_t last_step() const { return observed().step.back(); }
  void start_state(const double* input, double* u) const;
  void pull_start_state(const double* lambda, double* input) const;
  void judge(std::int64_t block, std::span<SolveStatus> status) const;

  bool assimilates_;
  Grid grid_;
  std::int64_t finer_;  ///< grid points of the model for one of the observation
  ModelShape shape_;
  std::unique_ptr<Steps> steps_;
  std::vector<double> start_matrix_;  ///< u(0) = matrix * (c or m); empty: u(0) = c
  std::int64_t n_start_ = 0;          ///< its columns
  std::vector<std::int64_t> observed_step_;
  std::int64_t observed_stride_;       ///< in grid points
  std::int64_t n_channel_ = 0;         ///< of y that are needed
  std::int64_t n_solved_channel_ = 0;  ///< by the last solve
  std::int64_t n_problem_ = 0;         ///< of the last solve
  LaneBuffer states_, tangents_, parameters_, input_, output_;
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

KuramotoSivashinsky::KuramotoSivashinsky(const Settings& settings, const ModelPlace& place)
    : assimilates_(settings.assimilates()),
      grid_(settings.grid(place.resolution)),
      finer_(grid_.n / settings.n_grid),
      steps_(make_steps(grid_)),
      observed_stride_((assimilates_ ? kObservationStride : 1) * finer_) {
  set_shape(settings);
  if (assimilates_) {
    start_matrix_ = fourier_mode_matrix(grid_.n);
    for (std::int64_t k = 1; k <= kObservationTime; ++k)
      observed_step_.push_back(grid_.n_step * k / kObservationTime);
  } else {
    if (finer_ > 1) start_matrix_ = interpolation_matrix(settings.n_grid, finer_);
    observed_step_ = {grid_.n_step};
  }
  n_channel_ = n_solved_channel_ = static_cast<std::int64_t>(observed_step_.size());
  n_start_ = assimilates_ ? shape_.parameters.size() : shape_.context.size();
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
  shape_.state_block = n_lane;
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

void KuramotoSivashinsky::start_state(const double* input, double* u) const {
  if (start_matrix_.empty()) {
    for (std::int64_t i = 0; i < grid_.n; ++i) store(u + i * n_lane, load(input + i * n_lane));
    return;
  }
  for (std::int64_t i = 0; i < grid_.n; ++i) {
    Lanes sum = lanes_of(0.0);
    for (std::int64_t k = 0; k < n_start_; ++k)
      sum = sum +
            start_matrix_[static_cast<std::size_t>(i * n_start_ + k)] * load(input + k * n_lane);
    store(u + i * n_lane, sum);
  }
}

void KuramotoSivashinsky::pull_start_state(const double* lambda, double* input) const {
  for (std::int64_t k = 0; k < n_start_; ++k) {
    Lanes sum = lanes_of(0.0);
    for (std::int64_t i = 0; i < grid_.n; ++i)
      sum = sum +
            start_matrix_[static_cast<std::size_t>(i * n_start_ + k)] * load(lambda + i * n_lane);
    store(input + k * n_lane, sum);
  }
}

// A state that is not finite stays so: it is enough to look at the last one.
void KuramotoSivashinsky::judge(std::int64_t block, std::span<SolveStatus> status) const {
  const double* last = states_.data() + block * trajectory_size() + last_step() * block_size();
  std::array<double, n_lane> flag{};
  Lanes sum = lanes_of(0.0);
  for (std::int64_t i = 0; i < grid_.n; ++i) sum = sum + 0.0 * load(last + i * n_lane);
  store(flag.data(), sum);

  for (std::int64_t row = block * n_lane; row < std::min((block + 1) * n_lane, n_problem_); ++row)
    status[static_cast<std::size_t>(row)] =
        std::isfinite(flag[static_cast<std::size_t>(row % n_lane)]) ? SolveStatus::converged
                                                                    : SolveStatus::diverged;
}

void KuramotoSivashinsky::solve(const Batch& c, const Batch& m, Batch& y,
                                std::span<SolveStatus> status) {
  n_problem_ = m.n_problem();
  n_solved_channel_ = n_channel_;
  const std::int64_t n_block = n_block_of(n_problem_);
  const std::int64_t n_m = m.n_component();
  states_.reserve(n_block * trajectory_size());
  parameters_.reserve(n_block * n_m * n_lane);
  input_.reserve(std::max(n_start_ * n_lane, block_size()));
  output_.reserve(y.n_component() * n_lane);
  std::fill_n(output_.data(), y.n_component() * n_lane, 0.0);  // beyond what is observed
  const auto c_rows = c.read();
  const auto m_rows = m.read();
  const auto y_rows = y.write();
  for_each_block(n_block, [&](std::int64_t block) {
    double* parameters = parameters_.data() + block * n_m * n_lane;
    load_block(m_rows, n_problem_, n_m, block, parameters);
    if (!assimilates_) load_block(c_rows, n_problem_, c.n_component(), block, input_.data());
    double* states = states_of(block);
    start_state((assimilates_ ? parameters : input_.data()), states);
    steps_->forward(coefficients(parameters), last_step(), states);
    observed().read(states, output_.data());

    judge(block, status);
    store_block(output_.data(), n_problem_, y.n_component(), block, y_rows);
  });
}

void KuramotoSivashinsky::adjoint(const Batch& w, Batch& g) {
  const std::int64_t n_m = g.n_component();
  const auto w_rows = w.read();
  const auto g_rows = g.write();
  for_each_block(n_block_of(n_problem_), [&](std::int64_t block) {
    const double* parameters = parameters_.data() + block * n_m * n_lane;
    load_block(w_rows, n_problem_, w.n_component(), block, output_.data());
    std::array<double, 2 * n_fourier_mode * n_lane> result{};
    const Coefficients gradient = steps_->adjoint(coefficients(parameters), states_of(block),
                                                  {observed(), output_.data()}, input_.data());
    if (assimilates_) {
      pull_start_state(input_.data(), result.data());
    } else {
      store(result.data(), gradient.alpha);
      store(result.data() + n_lane, gradient.beta);
    }

    store_block(result.data(), n_problem_, n_m, block, g_rows);
  });
}

void KuramotoSivashinsky::tangent(const Batch& v, Batch& dy) {
  const std::int64_t n_m = v.n_component();
  tangents_.reserve(trajectory_size());
  std::fill_n(output_.data(), dy.n_component() * n_lane, 0.0);
  const auto v_rows = v.read();
  const auto dy_rows = dy.write();
  for_each_block(n_block_of(n_problem_), [&](std::int64_t block) {
    const double* parameters = parameters_.data() + block * n_m * n_lane;
    std::array<double, 2 * n_fourier_mode * n_lane> direction{};
    load_block(v_rows, n_problem_, n_m, block, direction.data());
    std::fill_n(tangents_.data(), block_size(), 0.0);
    const double* along = direction.data();
    double* tangents = tangents_.data();
    if (assimilates_) start_state(along, tangents);
    const Lanes none = lanes_of(0.0);
    const Coefficients dm =
        assimilates_ ? Coefficients{none, none} : Coefficients{load(along), load(along + n_lane)};
    steps_->tangent(coefficients(parameters), states_of(block), {dm, last_step()}, tangents);
    observed().read(tangents, output_.data());

    store_block(output_.data(), n_problem_, dy.n_component(), block, dy_rows);
  });
}

Trajectory KuramotoSivashinsky::trajectory(std::int64_t row) const {
  Trajectory result;
  result.n_grid = grid_.n;
  result.length = grid_.length;
  const std::int64_t n_step = last_step();
  const std::int64_t stride = std::max<std::int64_t>(1, n_step / kPictureTime);
  const double* states = states_.data() + row / n_lane * trajectory_size() + row % n_lane;
  const auto add = [&](std::int64_t t) {
    result.time.push_back(static_cast<double>(t) * grid_.dt);
    for (std::int64_t i = 0; i < grid_.n; ++i)
      result.states.push_back(states[t * block_size() + i * n_lane]);
  };
  for (std::int64_t t = 0; t < n_step; t += stride) add(t);
  add(n_step);
  return result;
}

namespace {
const RegisterModel<KuramotoSivashinsky> registered{
    "kuramoto_sivashinsky", "chaotic flow in one dimension; unknown forcing or initial state"};
}  // namespace

}  // namespace jpo
