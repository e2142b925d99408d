#pragma once
#include <limits>
#include <span>

#include "core/parameter_space.hpp"
#include "core/settings.hpp"

namespace jpo {

/// [misfit] of the deck: L = 0.5 sum ((F - y) / residual_scale)^2
///                         + 0.5 prior_weight sum ((m - centre) / scale)^2.
struct MisfitSettings : Settings {
  double residual_scale = 1.0;
  double prior_weight = 0.0;
  void describe(KeyTable& table) override;
};

/// L and its derivatives for one problem.
class Misfit {
 public:
  Misfit(const MisfitSettings& settings, const ParameterSpace& parameters);
  /// The value; w = dL/dF [n_observation] for the adjoint. NaN and Inf pass through.
  double value(std::span<const double> prediction, std::span<const double> observation,
               std::span<const double> m, std::span<double> w) const;
  /// g += the prior's part of dL/dm.
  void add_prior_gradient(std::span<const double> m, std::span<double> g) const;
  /// Only the first n components of y count from now on; w is 0 at the others.
  void observe_components(std::int64_t n) { n_observed_ = static_cast<std::size_t>(n); }
  /// w is cut where a residual is beyond this many scales: Huber's gradient. The value stays.
  void limit_residuals(double scales);
  /// d2L/dF2, the same for each observed component.
  double residual_curvature() const { return residual_weight_; }
  /// The prior's d2L/dm_k2.
  double prior_curvature(std::size_t k) const {
    return prior_weight_ / (parameters_.scale[k] * parameters_.scale[k]);
  }

 private:
  double residual_weight_;
  double largest_weight_ = std::numeric_limits<double>::infinity();
  std::size_t n_observed_ = std::numeric_limits<std::size_t>::max();
  double prior_weight_;
  const ParameterSpace& parameters_;
};

}  // namespace jpo
