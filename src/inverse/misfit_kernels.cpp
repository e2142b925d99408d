#include "core/device/kernel_launch.hpp"
#include "inverse/misfit.hpp"

namespace jpo {
namespace {

struct EvaluateRow {
  MisfitTerms terms;
  BatchRows<const double> prediction, observation;
  const std::int64_t* rows;
  BatchRows<const double> m;
  BatchRows<double> w;
  double* loss;
  JPO_KERNEL void operator()(std::int64_t k) const {
    loss[k] = terms.value(prediction.row(k), observation.row(rows[k]), m.row(k), w.row(k));
  }
};

struct FinishGradientRow {
  MisfitTerms terms;
  BatchRows<const double> m;
  BatchRows<double> g;
  std::uint8_t* is_finite;
  JPO_KERNEL void operator()(std::int64_t k) const {
    const auto row = g.row(k);
    terms.add_prior_gradient(m.row(k), row);
    bool all = true;
    for (std::size_t j = 0; j < row.size(); ++j) all = all && std::isfinite(row[j]);
    is_finite[k] = all ? 1 : 0;
  }
};

}  // namespace

void MisfitSettings::describe(KeyTable& table) {
  table.add(
      "residual_scale", &residual_scale,
      {.doc = "residuals are divided by this; if it is the standard deviation of the noise, twice "
              "the first term of the misfit is a chi^2",
       .unit = "unit of the observation",
       .min = 0,
       .min_is_open = true});
  table.add(
      "prior_weight", &prior_weight,
      {.doc = "weight of the second term of the misfit; 1: Gaussian prior; 0: no prior", .min = 0});
}

JPO_KERNEL double MisfitTerms::value(std::span<const double> prediction,
                                     std::span<const double> observation, std::span<const double> m,
                                     std::span<double> w) const {
  double loss = 0.0;
  const auto n_all = static_cast<std::int64_t>(prediction.size());
  const std::size_t n = n_observed < n_all ? n_observed : n_all;
  for (std::size_t k = 0; k < n; ++k) {
    const double residual = prediction[k] - observation[k];
    const double weight = residual_weight * residual;
    loss += 0.5 * residual * weight;
    w[k] = weight < -largest_weight ? -largest_weight
                                    : (largest_weight < weight ? largest_weight : weight);
  }
  for (std::size_t k = n; k < w.size(); ++k) w[k] = 0.0;
  return add_prior(loss, m);
}

JPO_KERNEL double MisfitTerms::add_prior(double loss, std::span<const double> m) const {
  if (prior_weight == 0.0) return loss;
  for (std::size_t k = 0; k < m.size(); ++k) {
    const double distance = (m[k] - centre[k]) / scale[k];
    loss += 0.5 * prior_weight * distance * distance;
  }
  return loss;
}

JPO_KERNEL void MisfitTerms::add_prior_gradient(std::span<const double> m,
                                                std::span<double> g) const {
  if (prior_weight == 0.0) return;
  for (std::size_t k = 0; k < m.size(); ++k)
    g[k] += prior_weight * (m[k] - centre[k]) / (scale[k] * scale[k]);
}

Misfit::Misfit(const MisfitSettings& settings, const ParameterSpace& parameters, MemorySpace space)
    : residual_weight_(1.0 / (settings.residual_scale * settings.residual_scale)),
      prior_weight_(settings.prior_weight),
      parameters_(parameters),
      space_(space),
      centre_(space, parameters.centre),
      scale_(space, parameters.scale),
      loss_(space),
      is_finite_(space) {}

MisfitTerms Misfit::terms(MemorySpace space) const {
  const bool is_own = space == space_;
  return {residual_weight_,
          largest_weight_,
          n_observed_,
          prior_weight_,
          is_own ? centre_.data() : parameters_.centre.data(),
          is_own ? scale_.data() : parameters_.scale.data()};
}

void Misfit::evaluate(const Batch& prediction, const Batch& observation, const RowList& rows,
                      const Batch& m, Batch& w, std::span<double> loss) {
  loss_.reserve(rows.size());
  {
    const auto predicted = prediction.read(space_);
    const auto observed = observation.read(space_);
    const auto at = m.read(space_);
    const auto weights = w.overwrite(space_);
    for_each_index(space_, rows.size(),
                   EvaluateRow{terms(space_), predicted, observed, rows.data(space_), at, weights,
                               loss_.data()});
  }
  copy_values(MemorySpace::host, loss.data(), space_, loss_.data(), rows.size());
}

void Misfit::finish_gradient(const Batch& m, Batch& g, std::span<std::uint8_t> is_finite) {
  const std::int64_t n = g.n_problem();
  is_finite_.reserve(n);
  {
    const auto at = m.read(space_);
    const auto gradient = g.write(space_);
    for_each_index(space_, n, FinishGradientRow{terms(space_), at, gradient, is_finite_.data()});
  }
  copy_values(MemorySpace::host, is_finite.data(), space_, is_finite_.data(), n);
}

void Misfit::limit_residuals(double scales) {
  largest_weight_ = scales * std::sqrt(residual_weight_);
}

}  // namespace jpo
