// Darcy flow: -div(exp(k) grad u) = 1 on the unit square, u = 0 on its edges, unknown k.
//
// m: whitened coefficients, N(0, I), of a truncated Karhunen-Loeve expansion of k: cosine modes of
// the covariance (-Laplace + tau^2)^(-alpha), scaled to a pointwise deviation (CosineExpansion).
// y: u at 64 sensors, an 8 x 8 interior lattice, bilinear between cell centres. Space: cell-centred
// finite volumes with harmonic means (DarcyOperator), order 2; a PETSc KSP for each problem, whose
// factors serve forward, adjoint and tangent (S: the sensors, E: the expansion, A = A^T):
//   A(k) u = b,   A lambda = S^T w,   g = -E^T d(lambda . A(k) u)/dk,
//   A du = -(dA/dk [E v]) u,   dy = S du.
// The spectrum is that of Li et al. 2021 (arXiv 2010.08895, section 5.2), with a smooth coefficient
// exp(k) instead of a two-valued one.

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <limits>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "models/cosine_expansion.hpp"
#include "models/darcy_operator.hpp"
#include "models/per_problem_model.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kSensorSide = 8;

// The corners of the square of cell centres around a sensor, and their shares.
struct Sensor {
  std::array<std::size_t, 4> cell;
  std::array<double, 4> share;
};

// Sensor (i, j) at ((i + 1) / 9, (j + 1) / 9), row j of the lattice after row j - 1.
std::vector<Sensor> sensor_lattice(std::int64_t n_grid) {
  std::vector<Sensor> sensors;
  const auto n = static_cast<std::size_t>(n_grid);
  const auto place = [&](std::int64_t i) {
    return static_cast<double>((i + 1) * n_grid) / static_cast<double>(kSensorSide + 1) - 0.5;
  };
  for (std::int64_t j = 0; j < kSensorSide; ++j) {
    for (std::int64_t i = 0; i < kSensorSide; ++i) {
      const auto column = static_cast<std::size_t>(place(i));
      const auto row = static_cast<std::size_t>(place(j));
      const double x = place(i) - static_cast<double>(column);
      const double y = place(j) - static_cast<double>(row);
      const std::size_t cell = row * n + column;
      sensors.push_back({{cell, cell + 1, cell + n, cell + n + 1},
                         {(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y}});
    }
  }
  return sensors;
}

// What all problems share.
struct DarcySetting {
  DarcySetting(const CosineExpansion::Spectrum& spectrum, std::int64_t n)
      : n_grid(static_cast<PetscInt>(n)), expansion(spectrum, n), sensors(sensor_lattice(n)) {}
  PetscInt n_grid;
  CosineExpansion expansion;
  std::vector<Sensor> sensors;
};

constexpr std::int64_t kMeasured = 256;

class DarcyProblem : public ProblemWorkspace {
 public:
  explicit DarcyProblem(std::shared_ptr<const DarcySetting> setting)
      : setting_(std::move(setting)),
        operator_(setting_->n_grid),
        source_(operator_.n_cell()),
        k_(operator_.n_cell()),
        u_(operator_.n_cell()),
        right_(operator_.n_cell()),
        lambda_(operator_.n_cell()) {
    operator_.integrate([](double, double) { return 1.0; }, source_);
  }

  SolveStatus solve(std::span<const double> /*c*/, std::span<const double> m,
                    std::span<double> y) override {
    setting_->expansion.expand(m, k_);
    has_state_ = operator_.set_log_coefficient(k_);
    if (!has_state_) return SolveStatus::diverged;
    operator_.solve(source_, u_);
    observe(u_, y);
    return SolveStatus::converged;
  }

  void adjoint(std::span<const double> w, std::span<double> g) override {
    if (!has_state_) return spoil(g);
    std::ranges::fill(right_, 0.0);
    for (std::size_t s = 0; s < w.size(); ++s)
      for (std::size_t corner = 0; corner < 4; ++corner)
        right_[setting_->sensors[s].cell[corner]] += setting_->sensors[s].share[corner] * w[s];
    operator_.solve(right_, lambda_);
    operator_.pull_back(lambda_, u_, right_);
    setting_->expansion.pull_back(right_, g);
    for (double& value : g) value = -value;
  }

  void tangent(std::span<const double> v, std::span<double> dy) override {
    if (!has_state_) return spoil(dy);
    setting_->expansion.expand(v, k_);
    operator_.apply_derivative(k_, u_, right_);
    operator_.solve(right_, lambda_);
    observe(lambda_, dy);
    for (double& value : dy) value = -value;
  }

  double kept_bytes() const {
    return operator_.kept_bytes() + 5.0 * static_cast<double>(u_.size()) * sizeof(double);
  }

 private:
  void observe(std::span<const double> u, std::span<double> y) const {
    for (std::size_t s = 0; s < y.size(); ++s) {
      const Sensor& sensor = setting_->sensors[s];
      y[s] = 0.0;
      for (std::size_t corner = 0; corner < 4; ++corner)
        y[s] += sensor.share[corner] * u[sensor.cell[corner]];
    }
  }
  static void spoil(std::span<double> result) {
    std::ranges::fill(result, std::numeric_limits<double>::quiet_NaN());
  }

  std::shared_ptr<const DarcySetting> setting_;
  DarcyOperator operator_;
  bool has_state_ = false;      ///< of the last solve
  std::vector<double> source_;  ///< b
  std::vector<double> k_, u_, right_, lambda_;
};

}  // namespace

class Darcy : public PerProblemModel {
 public:
  struct Settings : jpo::Settings {
    std::int64_t n_grid = 64;
    CosineExpansion::Spectrum spectrum = {.n_mode = 32, .alpha = 2.0, .tau = 3.0, .deviation = 1.0};
    void describe(KeyTable& table) override;
    void check() const override;
  };

  Darcy(const Settings& settings, const ModelPlace& place);

  const ModelShape& shape() const override { return shape_; }

  /// Independent standard normal coefficients.
  void sample(std::uint64_t problem_seed, std::span<double> /*c*/,
              std::span<double> m) const override {
    RandomStream stream(problem_seed);
    for (double& value : m) value = stream.normal();
  }

 protected:
  std::unique_ptr<ProblemWorkspace> make_workspace() const override {
    return std::make_unique<DarcyProblem>(setting_);
  }

 private:
  double measure_state_bytes(const CosineExpansion::Spectrum& spectrum) const;

  std::shared_ptr<const DarcySetting> setting_;
  ModelShape shape_;
};

void Darcy::Settings::describe(KeyTable& table) {
  table.add("n_grid", &n_grid, {.doc = "cells along each side", .min = 8, .max = 1024});
  table.add("n_mode", &spectrum.n_mode,
            {.doc = "cosine modes of k, the unknowns", .min = 1, .max = 1024});
  table.add("deviation", &spectrum.deviation,
            {.doc = "deviation of k at a point, averaged over the square: the strength of the "
                    "nonlinearity",
             .min = 0,
             .min_is_open = true});
  table.add("alpha", &spectrum.alpha,
            {.doc = "exponent of the covariance (-Laplace + tau^2)^(-alpha): larger is smoother",
             .min = 0});
  table.add("tau", &spectrum.tau,
            {.doc = "its inverse correlation length", .unit = "1 / length", .min = 0});
}

void Darcy::Settings::check() const {
  std::int64_t shortest = 0;
  for (const auto& [p, q] : CosineExpansion::waves(spectrum.n_mode))
    shortest = std::max({shortest, p, q});
  if (shortest >= n_grid)
    throw BadInput(fmt::format(
        "key 'model.n_mode' = {}: its shortest mode has {} half-waves, and n_grid = {} cells tell "
        "fewer apart; allowed: fewer modes, or model.n_grid of {} or more",
        spectrum.n_mode, shortest, n_grid, shortest + 1));
}

Darcy::Darcy(const Settings& settings, const ModelPlace& place)
    : setting_(std::make_shared<DarcySetting>(
          settings.spectrum, settings.n_grid * (place.resolution == Resolution::data ? 2 : 1))) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto n = static_cast<std::size_t>(settings.spectrum.n_mode);
  ParameterSpace& m = shape_.parameters;
  for (const auto& [p, q] : CosineExpansion::waves(settings.spectrum.n_mode))
    m.names.push_back(fmt::format("cosine{}_{}", p, q));
  m.units.assign(n, "1");
  m.lower.assign(n, -infinity);
  m.upper.assign(n, infinity);
  m.centre.assign(n, 0.0);
  m.scale.assign(n, 1.0);
  shape_.observation = {kSensorSide, kSensorSide, false, "pressure",
                        "u at ((i + 1) / 9, (j + 1) / 9); channel j, point i"};
  shape_.has_tangent = true;
  shape_.has_finer = true;
  shape_.state_bytes = measure_state_bytes(settings.spectrum);
}

// By one solve at k = 0: fill depends on the ordering and the solver that the options choose, and
// options that cannot work are found here, before any problem. On at most kMeasured cells a side:
// beyond, memory grows as the fill of nested dissection, n^2 log n (George 1973, doi
// 10.1137/0710032), and the deck of a large grid is checked as fast as that of a small one.
double Darcy::measure_state_bytes(const CosineExpansion::Spectrum& spectrum) const {
  const std::int64_t n_grid = setting_->n_grid;
  const std::int64_t n_measured = std::min(n_grid, kMeasured);
  std::vector<double> y(setting_->sensors.size());
  try {
    DarcyProblem problem(
        n_grid == n_measured ? setting_ : std::make_shared<DarcySetting>(spectrum, n_measured));
    problem.solve({}, shape_.parameters.centre, y);
    const auto size = [](std::int64_t n) {
      const auto side = static_cast<double>(n);
      return side * side * std::log(side);
    };
    return problem.kept_bytes() * size(n_grid) / size(n_measured);
  } catch (const std::exception& error) {
    throw BadInput(
        fmt::format("[petsc] options 'darcy_*': this solver fails even for k = 0 ({}); allowed: "
                    "a KSP and PC of PETSc that solve a Poisson problem, say none of these options",
                    error.what()));
  }
}

namespace {
const RegisterModel<Darcy> registered{
    "darcy", "flow through a medium of unknown permeability, 2-D; many unknowns, mildly nonlinear"};
}  // namespace

}  // namespace jpo
