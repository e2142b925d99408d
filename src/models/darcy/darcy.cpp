// Darcy flow: -div(exp(k) grad u) = 1 on the unit square, u = 0 on its edges, unknown k.
//
// m: whitened coefficients, N(0, I), of a truncated Karhunen-Loeve expansion of k: cosine modes of
// the covariance (-Laplace + tau^2)^(-alpha), scaled to a standard deviation (CosineExpansion).
// y: u at 64 sensors, an 8 x 8 interior lattice, bilinear between cell centres. Space: cell-centred
// finite volumes with harmonic means (DarcyOperator), order 2. Forward solve, adjoint and tangent
// of a problem use the same Cholesky factor (S: the sensors, E: the expansion, A = A^T):
//   A(k) u = b,   A lambda = S^T w,   g = -E^T d(lambda . A(k) u)/dk,
//   A du = -(dA/dk [E v]) u,   dy = S du.
// The spectrum is that of Li et al. 2021 (arXiv 2010.08895, section 5.2), with a smooth coefficient
// exp(k) instead of a two-valued one.

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "models/batched_model.hpp"
#include "models/darcy/factor.hpp"
#include "models/darcy/physics.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

using darcy::Sensor;

constexpr std::int64_t kSensorSide = 8;

// Sensor (i, j) at ((i + 1) / 9, (j + 1) / 9), row j of the lattice after row j - 1.
std::vector<Sensor> sensor_lattice(std::int64_t n_grid) {
  std::vector<Sensor> sensors;
  const auto position = [&](std::int64_t i) {
    return static_cast<double>((i + 1) * n_grid) / static_cast<double>(kSensorSide + 1) - 0.5;
  };
  for (std::int64_t j = 0; j < kSensorSide; ++j) {
    for (std::int64_t i = 0; i < kSensorSide; ++i) {
      const auto column = static_cast<std::int64_t>(position(i));
      const auto row = static_cast<std::int64_t>(position(j));
      const double x = position(i) - static_cast<double>(column);
      const double y = position(j) - static_cast<double>(row);
      const std::int64_t cell = (row * n_grid + column) * n_lane;
      const std::int64_t above = cell + n_grid * n_lane;
      sensors.push_back({{cell, cell + n_lane, above, above + n_lane},
                         {(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y}});
    }
  }
  return sensors;
}

class Darcy : public BatchedModel {
 public:
  struct Settings : jpo::Settings {
    std::int64_t n_grid = 64;
    CosineExpansion::Spectrum spectrum = {.n_mode = 32, .alpha = 2.0, .tau = 3.0, .deviation = 1.0};
    void describe(KeyTable& table) override;
    void check() const override;
    /// Returns the number of cells along each side; cells of finer data are half as wide.
    std::int64_t n_cell(Resolution resolution) const {
      return n_grid * (resolution == Resolution::data ? 2 : 1);
    }
  };

  Darcy(const Settings& settings, const BuildOptions& options);

  /// Independent standard normal coefficients.
  void sample(std::uint64_t problem_seed, std::span<double> /*c*/,
              std::span<double> m) const override {
    RandomStream stream(problem_seed);
    for (double& value : m) value = stream.normal();
  }

  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override {
    if (!factor_) make_factor();
    BatchedModel::solve(c, m, y, status);
  }

 private:
  void set_shape(const Settings& settings);
  void make_factor();
  void set_physics();

  std::int64_t n_cell_;
  CosineExpansion expansion_;
  KernelArray<Sensor> sensors_;
  std::unique_ptr<LaneCholesky> factor_;
};

void Darcy::Settings::describe(KeyTable& table) {
  table.add("n_grid", &n_grid, {.doc = "cells along each side", .min = 8, .max = 1024});
  table.add(
      "n_mode", &spectrum.n_mode,
      {.doc =
           "number of cosine modes of the log permeability k; their coefficients are the unknowns",
       .min = 1,
       .max = 1024});
  table.add("deviation", &spectrum.deviation,
            {.doc = "standard deviation of k at a point, averaged over the square; larger values "
                    "make the problem more nonlinear",
             .min = 0,
             .min_is_open = true});
  table.add("alpha", &spectrum.alpha,
            {.doc = "exponent of the covariance (-Laplace + tau^2)^(-alpha); larger values give a "
                    "smoother k",
             .min = 0});
  table.add("tau", &spectrum.tau,
            {.doc = "tau of the covariance: an inverse correlation length",
             .unit = "1 / length",
             .min = 0});
}

void Darcy::Settings::check() const {
  std::int64_t shortest = 0;
  for (const auto& [p, q] : CosineExpansion::waves(spectrum.n_mode))
    shortest = std::max({shortest, p, q});
  if (shortest >= n_grid)
    throw BadInput(fmt::format(
        "key 'model.n_mode' = {}: the shortest mode has {} half-waves, which n_grid = {} cells "
        "cannot resolve; allowed: fewer modes, or model.n_grid of {} or more",
        spectrum.n_mode, shortest, n_grid, shortest + 1));
}

Darcy::Darcy(const Settings& settings, const BuildOptions& options)
    : BatchedModel(options.space),
      n_cell_(settings.n_cell(options.resolution)),
      expansion_(settings.spectrum, n_cell_, options.space),
      sensors_(options.space, sensor_lattice(n_cell_)) {
  set_shape(settings);
  if (n_cell_ <= darcy::kLargestAnalysed) {
    make_factor();
    return;
  }
  set_physics();
  // The pattern of a large grid is analysed in the first solve, so that `jpo check` is fast.
  shape_.state_bytes += darcy::estimated_values_per_cell(n_cell_) *
                        static_cast<double>(n_cell_ * n_cell_) * sizeof(double);
}

void Darcy::make_factor() {
  factor_ = darcy::make_factor(n_cell_, space());
  set_physics();
}

void Darcy::set_physics() {
  set_kernels(lane_kernels(darcy::Physics{{n_cell_},
                                          expansion_.sums(),
                                          factor_ ? factor_->sweeps() : LaneCholeskySweeps{},
                                          sensors_.data(),
                                          sensors_.size()}));
}

void Darcy::set_shape(const Settings& settings) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::size_t n = settings.spectrum.n_mode;
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
  shape_.has_finer = true;
}

const RegisterModel<Darcy> registered{
    "darcy", "flow through a medium of unknown permeability, 2-D; many unknowns, mildly nonlinear"};

}  // namespace
}  // namespace jpo
