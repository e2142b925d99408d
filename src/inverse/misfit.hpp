#pragma once
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

 private:
  double residual_weight_;
  double prior_weight_;
  const ParameterSpace& parameters_;
};

}  // namespace jpo
