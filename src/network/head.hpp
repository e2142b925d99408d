#pragma once
// The head of a network: maps features along the grid, and values that are not on the grid, to the
// outputs z of the network (see ParameterMap). Includes torch: only for this folder.

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

  /// Returns z [batch, n_parameter] of features [batch, n_feature, n_point] and appended [batch,
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

/// Returns the head settings.head, and adds its weights to the table. Throws BadInput with the key
/// if the head does not fit.
std::unique_ptr<Head> make_head(const HeadPlan& plan, WeightTable& table);

}  // namespace jpo
