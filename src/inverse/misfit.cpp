#include "inverse/misfit.hpp"

#include <algorithm>
#include <cmath>

namespace jpo {

void MisfitSettings::describe(KeyTable& table) {
  table.add(
      "residual_scale", &residual_scale,
      {.doc = "residuals are divided by this: the noise deviation, to make the misfit a chi^2",
       .unit = "as the observation",
       .min = 0,
       .min_is_open = true});
  table.add(
      "prior_weight", &prior_weight,
      {.doc = "weight of 0.5 sum ((m - centre) / scale)^2: 1 is the Gaussian prior, 0 is none",
       .min = 0});
}

Misfit::Misfit(const MisfitSettings& settings, const ParameterSpace& parameters)
    : residual_weight_(1.0 / (settings.residual_scale * settings.residual_scale)),
      prior_weight_(settings.prior_weight),
      parameters_(parameters) {}

double Misfit::value(std::span<const double> prediction, std::span<const double> observation,
                     std::span<const double> m, std::span<double> w) const {
  double loss = 0.0;
  const std::size_t n = std::min(n_observed_, prediction.size());
  for (std::size_t k = 0; k < n; ++k) {
    const double residual = prediction[k] - observation[k];
    const double weight = residual_weight_ * residual;
    loss += 0.5 * residual * weight;
    w[k] = std::clamp(weight, -largest_weight_, largest_weight_);
  }
  std::fill(w.begin() + static_cast<std::ptrdiff_t>(n), w.end(), 0.0);
  if (prior_weight_ == 0.0) return loss;
  for (std::size_t k = 0; k < m.size(); ++k) {
    const double distance = (m[k] - parameters_.centre[k]) / parameters_.scale[k];
    loss += 0.5 * prior_weight_ * distance * distance;
  }
  return loss;
}

void Misfit::limit_residuals(double scales) {
  largest_weight_ = scales * std::sqrt(residual_weight_);
}

void Misfit::add_prior_gradient(std::span<const double> m, std::span<double> g) const {
  if (prior_weight_ == 0.0) return;
  for (std::size_t k = 0; k < m.size(); ++k)
    g[k] += prior_weight_ * (m[k] - parameters_.centre[k]) /
            (parameters_.scale[k] * parameters_.scale[k]);
}

}  // namespace jpo
