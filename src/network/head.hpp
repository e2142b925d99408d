#pragma once
// From features along the grid, and values that are not on it, to the network's outputs z (see
// ParameterMap). Sees torch: included by this folder only.

#include <memory>

#include "core/parameter_space.hpp"
#include "network/layers.hpp"

namespace jpo {

class Head {
 public:
  Head() = default;
  Head(const Head&) = delete;
  Head& operator=(const Head&) = delete;
  virtual ~Head() = default;

  /// z [batch, n_parameter] from features [batch, n_feature, n_point] and appended [batch,
  /// n_appended].
  virtual torch::Tensor outputs(const torch::Tensor& features, const torch::Tensor& appended,
                                const Weights& weights) const = 0;
};

struct HeadPlan {
  const NetworkSettings& settings;
  std::int64_t n_feature;
  std::int64_t n_point;
  std::int64_t n_appended;
  const ParameterSpace& parameters;
};

/// The one that settings.head names. Throws BadInput, naming the key, where it does not fit.
std::unique_ptr<Head> make_head(const HeadPlan& plan, WeightTable& table);

}  // namespace jpo
