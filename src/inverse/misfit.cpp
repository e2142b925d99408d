#include "inverse/misfit.hpp"

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
  for (std::size_t k = 0; k < prediction.size(); ++k) {
    const double residual = prediction[k] - observation[k];
    w[k] = residual_weight_ * residual;
    loss += 0.5 * residual * w[k];
  }
  if (prior_weight_ == 0.0) return loss;
  for (std::size_t k = 0; k < m.size(); ++k) {
    const double distance = (m[k] - parameters_.centre[k]) / parameters_.scale[k];
    loss += 0.5 * prior_weight_ * distance * distance;
  }
  return loss;
}

void Misfit::add_prior_gradient(std::span<const double> m, std::span<double> g) const {
  if (prior_weight_ == 0.0) return;
  for (std::size_t k = 0; k < m.size(); ++k)
    g[k] += prior_weight_ * (m[k] - parameters_.centre[k]) /
            (parameters_.scale[k] * parameters_.scale[k]);
}

}  // namespace jpo
