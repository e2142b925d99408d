// Kuramoto-Sivashinsky: u_t = alpha G(x) - u_xx - u_xxxx - beta u u_x, G = cos(4 pi x / L),
// periodic.
//
// Space: second-order central differences, u u_x = (u^2)_x / 2. Time: SBDF2 (Ascher, Ruuth, Wetton
// 1995, doi 10.1137/0732037), the linear part implicit, one IMEX-Euler step to start:
//   (3/2 + dt A) u[t+1] = 2 u[t] - u[t-1]/2 + dt (2 N[t] - N[t-1]),  A = D2 + D4,
// with one factorization for all steps and problems. Adjoint and tangent are those of this scheme
// (discretize, then optimize): mu[t] solves the transposed step for the cotangent of u[t].
//
// unknown = "forcing": m = (alpha, beta), c = u(0), y = u(T).
// unknown = "initial_state" (assimilation): alpha = 0, beta = 1, u(0) = C m with m the whitened
// amplitudes of 9 Fourier modes, y = every 8th point at T/10, 2T/10, ..., T.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "models/fourier.hpp"
#include "models/kuramoto_sivashinsky_steps.hpp"
#include "models/lanes.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

using kuramoto_sivashinsky::Grid;
using kuramoto_sivashinsky::Steps;

constexpr std::int64_t kObservationTime = 10;
constexpr std::int64_t kObservationStride = 8;
constexpr std::int64_t kPictureTime = 250;

}  // namespace

class KuramotoSivashinsky : public ForwardModel {
 public:
  struct Settings : jpo::Settings {
    double horizon = 25.0;
    double length = 44.0;
    std::int64_t n_grid = 128;
    double time_step = 0.1;
    std::string unknown = "forcing";
    double alpha_max = 1.0;
    double beta_min = 0.5;
    double beta_max = 1.5;
    void describe(KeyTable& table) override;
    void check() const override;
    std::int64_t n_step() const { return std::llround(horizon / time_step); }
    bool assimilates() const { return unknown == "initial_state"; }
  };

  KuramotoSivashinsky(const Settings& settings, const ModelPlace& place);

  const ModelShape& shape() const override { return shape_; }
  void sample(std::uint64_t problem_seed, std::span<double> c, std::span<double> m) const override;
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override;
  void adjoint(const Batch& w, Batch& g) override;
  void tangent(const Batch& v, Batch& dy) override;
  Trajectory trajectory(std::int64_t row) const override;

 private:
  void set_shape(const Settings& settings);
  std::int64_t trajectory_size() const { return (grid_.n_step + 1) * steps_.block_size(); }
  double* states_of(std::int64_t block) { return states_.data() + block * trajectory_size(); }
  Lanes alpha_of(const double* m) const { return assimilates_ ? lanes_of(0.0) : load(m); }
  Lanes beta_of(const double* m) const { return assimilates_ ? lanes_of(1.0) : load(m + n_lane); }
  void start_state(const double* input, double* u) const;
  void pull_start_state(const double* lambda, double* input) const;
  void observe(const double* states, double* y) const;
  void add_observed(std::int64_t t, const double* weights, double* lambda) const;
  void judge(std::int64_t block, std::span<SolveStatus> status) const;

  bool assimilates_;
  std::int64_t finer_;  ///< grid points of the model for one of the observation
  Grid grid_;
  ModelShape shape_;
  Steps steps_;
  std::vector<double> start_matrix_;  ///< u(0) = matrix * (c or m); empty: u(0) = c
  std::int64_t n_start_ = 0;          ///< its columns
  std::vector<std::int64_t> observed_step_;
  std::int64_t observed_stride_;  ///< in grid points
  std::int64_t n_problem_ = 0;    ///< of the last solve
  LaneBuffer states_, tangents_, parameters_, input_, output_;
};

void KuramotoSivashinsky::Settings::describe(KeyTable& table) {
  table.add(
      "horizon", &horizon,
      {.doc = "time T of the (last) observation", .unit = "time", .min = 0, .min_is_open = true});
  table.add(
      "length", &length,
      {.doc = "length L of the periodic domain", .unit = "length", .min = 0, .min_is_open = true});
  table.add("n_grid", &n_grid, {.doc = "grid points", .min = 16, .max = 4096});
  table.add("time_step", &time_step,
            {.doc = "step of SBDF2", .unit = "time", .min = 0, .min_is_open = true});
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

void KuramotoSivashinsky::Settings::check() const {
  const double unit = (assimilates() ? static_cast<double>(kObservationTime) : 1.0) * time_step;
  const double whole = std::max(1.0, std::round(horizon / unit));
  if (std::abs(horizon - whole * unit) > 1e-9 * horizon)
    throw BadInput(
        fmt::format("key 'model.horizon' = {}: not a whole number of {}; the nearest allowed is {}",
                    horizon, assimilates() ? "ten time steps" : "time steps", whole * unit));
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
      finer_(place.resolution == Resolution::data ? 2 : 1),
      grid_{settings.n_grid * finer_, settings.length,
            settings.time_step / static_cast<double>(finer_), settings.n_step() * finer_},
      steps_(grid_),
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
  shape_.state_bytes = static_cast<double>((grid_.n_step + 1) * grid_.n) * sizeof(double);
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

void KuramotoSivashinsky::observe(const double* states, double* y) const {
  for (const std::int64_t step : observed_step_)
    for (std::int64_t i = 0; i < grid_.n; i += observed_stride_, y += n_lane)
      store(y, load(states + step * steps_.block_size() + i * n_lane));
}

// A state that is not finite stays so: it is enough to look at the last one.
void KuramotoSivashinsky::judge(std::int64_t block, std::span<SolveStatus> status) const {
  const double* last =
      states_.data() + block * trajectory_size() + grid_.n_step * steps_.block_size();
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
  const std::int64_t n_block = n_block_of(n_problem_);
  const std::int64_t n_m = m.n_component();
  states_.reserve(n_block * trajectory_size());
  parameters_.reserve(n_block * n_m * n_lane);
  input_.reserve(std::max(n_start_ * n_lane, steps_.block_size()));
  output_.reserve(y.n_component() * n_lane);
  const auto c_rows = c.read();
  const auto m_rows = m.read();
  const auto y_rows = y.write();
  for_each_block(n_block, [&](std::int64_t block) {
    double* parameters = parameters_.data() + block * n_m * n_lane;
    load_block(m_rows, n_problem_, n_m, block, parameters);
    if (!assimilates_) load_block(c_rows, n_problem_, c.n_component(), block, input_.data());
    double* states = states_of(block);
    start_state((assimilates_ ? parameters : input_.data()), states);
    steps_.forward(states, alpha_of(parameters), beta_of(parameters));
    observe(states, output_.data());

    judge(block, status);
    store_block(output_.data(), n_problem_, y.n_component(), block, y_rows);
  });
}

// lambda += the weights of what is observed at step t, at its grid points.
void KuramotoSivashinsky::add_observed(std::int64_t t, const double* weights,
                                       double* lambda) const {
  const auto found = std::ranges::find(observed_step_, t);
  if (found == observed_step_.end()) return;
  const std::int64_t n_point = grid_.n / observed_stride_;
  weights += (found - observed_step_.begin()) * n_point * n_lane;
  for (std::int64_t k = 0; k < n_point; ++k) {
    double* at = lambda + k * observed_stride_ * n_lane;
    store(at, load(at) + load(weights + k * n_lane));
  }
}

void KuramotoSivashinsky::adjoint(const Batch& w, Batch& g) {
  const std::int64_t n_m = g.n_component();
  const auto w_rows = w.read();
  const auto g_rows = g.write();
  for_each_block(n_block_of(n_problem_), [&](std::int64_t block) {
    const double* parameters = parameters_.data() + block * n_m * n_lane;
    load_block(w_rows, n_problem_, w.n_component(), block, output_.data());
    std::array<double, 2 * n_fourier_mode * n_lane> result{};
    const auto add_weights = [&](std::int64_t t, double* lambda) {
      add_observed(t, output_.data(), lambda);
    };
    const Steps::Gradient gradient =
        steps_.adjoint(states_of(block), beta_of(parameters), input_.data(), add_weights);
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
  const auto v_rows = v.read();
  const auto dy_rows = dy.write();
  for_each_block(n_block_of(n_problem_), [&](std::int64_t block) {
    const double* parameters = parameters_.data() + block * n_m * n_lane;
    std::array<double, 2 * n_fourier_mode * n_lane> direction{};
    load_block(v_rows, n_problem_, n_m, block, direction.data());
    std::fill_n(tangents_.data(), steps_.block_size(), 0.0);
    const double* along = direction.data();
    double* tangents = tangents_.data();
    if (assimilates_) start_state(along, tangents);
    const Lanes none = lanes_of(0.0);
    steps_.tangent(states_of(block), tangents, beta_of(parameters),
                   assimilates_ ? none : load(along), assimilates_ ? none : load(along + n_lane));
    observe(tangents, output_.data());

    store_block(output_.data(), n_problem_, dy.n_component(), block, dy_rows);
  });
}

Trajectory KuramotoSivashinsky::trajectory(std::int64_t row) const {
  Trajectory result;
  result.n_grid = grid_.n;
  result.length = grid_.length;
  const std::int64_t stride = std::max<std::int64_t>(1, grid_.n_step / kPictureTime);
  const double* states = states_.data() + row / n_lane * trajectory_size() + row % n_lane;
  for (std::int64_t t = 0; t <= grid_.n_step; t += stride) {
    result.time.push_back(static_cast<double>(t) * grid_.dt);
    for (std::int64_t i = 0; i < grid_.n; ++i)
      result.states.push_back(states[t * steps_.block_size() + i * n_lane]);
  }
  return result;
}

namespace {
const RegisterModel<KuramotoSivashinsky> registered{
    "kuramoto_sivashinsky", "chaotic flow in one dimension; unknown forcing or initial state"};
}  // namespace

}  // namespace jpo
