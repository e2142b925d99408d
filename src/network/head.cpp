#include "network/head.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/errors.hpp"

namespace jpo {
namespace {

// Dense layers with the widths network.hidden.
class HiddenLayers {
 public:
  HiddenLayers(WeightTable& table, const NetworkSettings& settings, std::int64_t n_in)
      : activation_(activation_of(settings)), n_out_(n_in) {
    for (const std::int64_t width : settings.hidden) {
      layers_.emplace_back(table, fmt::format("dense{}", layers_.size() + 1), n_out_, width);
      n_out_ = width;
    }
  }
  std::int64_t n_out() const { return n_out_; }
  torch::Tensor operator()(torch::Tensor x, const Weights& weights) const {
    for (const Dense& layer : layers_) x = activate(layer(x, weights), activation_);
    return x;
  }

 private:
  Activation activation_;
  std::int64_t n_out_;
  std::vector<Dense> layers_;
};

// z from the features of all points, or (pooled) from the mean of the features over the points.
class DenseHead final : public Head {
 public:
  DenseHead(const HeadPlan& plan, WeightTable& table)
      : is_pooled_(plan.settings.head == "pooled"),
        hidden_(table, plan.settings,
                plan.n_feature * (is_pooled_ ? 1 : plan.n_point) + plan.n_appended),
        output_(Dense::output(table, hidden_.n_out(), plan.parameters.size())) {}

  torch::Tensor outputs(const torch::Tensor& features, const torch::Tensor& appended,
                        const Weights& weights) const override {
    torch::Tensor x = is_pooled_ ? features.mean(2) : features.flatten(1);
    if (appended.size(1) > 0) x = torch::cat({x, appended}, 1);
    return output_(hidden_(x, weights), weights);
  }

 private:
  bool is_pooled_;
  HiddenLayers hidden_;
  Dense output_;
};

// Each parameter has a score at every point, computed by dense layers from the features of this
// point. The shares of the points are softmax(score / temperature). The answer s is the mean of the
// points' coordinates, weighted by the shares. Coordinates go from -reach at the first point to
// reach at the last, in units of the half width of the box; they are cut off just inside the box.
// If a parameter has not two bounds, the unit is its scale and there is no cut-off. z is the
// inverse of ParameterMap without its shift at s, so that dm/ds is the half width for every map if
// the centre is the middle of the box. Equal scores give s = 0, the centre.
class SoftArgmaxHead final : public Head {
 public:
  SoftArgmaxHead(const HeadPlan& plan, WeightTable& table)
      : temperature_(plan.settings.temperature),
        is_algebraic_(plan.settings.output_map == "algebraic"),
        hidden_(table, plan.settings, plan.n_feature + plan.n_appended),
        score_(add_weight(
            table,
            {"score.weight", {plan.parameters.size(), hidden_.n_out()}, hidden_.n_out(), true})) {
    check(plan);
    const std::int64_t n = plan.n_point;
    std::vector<double> is_bounded, coordinates;
    for (std::size_t k = 0; k < plan.parameters.lower.size(); ++k)
      is_bounded.push_back(
          std::isfinite(plan.parameters.lower[k]) && std::isfinite(plan.parameters.upper[k]) ? 1.0
                                                                                             : 0.0);
    for (std::int64_t j = 0; j < n; ++j) {
      const double fraction = static_cast<double>(2 * j - (n - 1)) / static_cast<double>(n - 1);
      const double coordinate = plan.settings.reach * fraction;
      for (const double bounded : is_bounded)
        coordinates.push_back(bounded > 0.0 ? std::clamp(coordinate, -kLimit, kLimit) : coordinate);
    }
    const auto type = plan.settings.precision == "double" ? torch::kFloat64 : torch::kFloat32;
    is_bounded_ = torch::tensor(is_bounded, torch::kFloat64).to(type);
    coordinates_ = torch::tensor(coordinates, torch::kFloat64).view({n, -1}).to(type);
  }

  torch::Tensor outputs(const torch::Tensor& features, const torch::Tensor& appended,
                        const Weights& weights) const override {
    torch::Tensor x = features.transpose(1, 2);  // [batch, point, feature]
    if (appended.size(1) > 0)
      x = torch::cat({x, appended.unsqueeze(1).expand({-1, x.size(1), -1})}, 2);
    const torch::Tensor score = torch::matmul(hidden_(x, weights), weights[score_].t());
    const torch::Tensor share = torch::softmax(score / temperature_, 1);
    const torch::Tensor s = (share * coordinates_.to(share.device())).sum(1);
    const torch::Tensor bounded = is_bounded_.to(share.device());
    return bounded * unmap(s * bounded) + (1.0 - bounded) * s;
  }

 private:
  // Largest |s| in the box: 1 / (1 - s^2) must be accurate in float.
  static constexpr double kLimit = 0.999;

  static void check(const HeadPlan& plan) {
    if (plan.n_point < 2)
      throw BadInput(
          fmt::format("key 'network.head' = \"soft_argmax\": needs at least 2 points, but network "
                      "{} has {} at its output; allowed: dense, pooled, or keys of {} that give "
                      "more points",
                      plan.settings.name, plan.n_point, plan.settings.name));
    if (plan.n_appended > 0 && plan.settings.hidden.empty())
      throw BadInput(
          "key 'network.hidden' = []: with soft_argmax, values that are not on the grid of y have "
          "no effect without a hidden layer; allowed: at least one layer");
  }

  // The inverse of ParameterMap within the box.
  torch::Tensor unmap(const torch::Tensor& s) const {
    return is_algebraic_ ? s / torch::sqrt(1.0 - s * s) : torch::atanh(s);
  }

  double temperature_;
  bool is_algebraic_;
  HiddenLayers hidden_;
  /// Index of the weight of the last layer. It has no bias, which would shift all scores equally.
  std::size_t score_;
  /// [parameter]: 1 or 0.
  torch::Tensor is_bounded_;
  /// [point, parameter]
  torch::Tensor coordinates_;
};

}  // namespace

std::unique_ptr<Head> make_head(const HeadPlan& plan, WeightTable& table) {
  if (plan.settings.head == "soft_argmax") return std::make_unique<SoftArgmaxHead>(plan, table);
  return std::make_unique<DenseHead>(plan, table);
}

}  // namespace jpo
