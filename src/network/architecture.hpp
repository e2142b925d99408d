#pragma once
// From fields on the grid to features at points along it, by the architecture that the deck names;
// a head (head.hpp) makes parameters of them. Sees torch: included by this folder only.

#include <memory>

#include "network/input_layout.hpp"
#include "network/layers.hpp"

namespace jpo {

/// What an architecture is made for.
struct ArchitecturePlan {
  const NetworkSettings& settings;
  const InputLayout& layout;
  bool periodic;  ///< the grid of the stacked fields
};

class Architecture {
 public:
  Architecture() = default;
  Architecture(const Architecture&) = delete;
  Architecture& operator=(const Architecture&) = delete;
  virtual ~Architecture() = default;

  virtual std::int64_t n_feature() const = 0;
  virtual std::int64_t n_point() const = 0;  ///< evenly along the grid
  /// [batch, n_feature, n_point] from stacked fields [batch, n_channel, n_grid]. A row's bits do
  /// not depend on the other rows.
  virtual torch::Tensor features(const torch::Tensor& stacked, const Weights& weights) const = 0;
};

// One file each. They note their weights in the table; they throw BadInput, naming the key, where
// the settings do not fit the layout.
std::unique_ptr<Architecture> make_mlp(const ArchitecturePlan& plan, WeightTable& table);
std::unique_ptr<Architecture> make_cnn(const ArchitecturePlan& plan, WeightTable& table);
std::unique_ptr<Architecture> make_cnn2d(const ArchitecturePlan& plan, WeightTable& table);
std::unique_ptr<Architecture> make_unet(const ArchitecturePlan& plan, WeightTable& table);
std::unique_ptr<Architecture> make_transformer(const ArchitecturePlan& plan, WeightTable& table);

/// The one that plan.settings.name names.
std::unique_ptr<Architecture> make_architecture(const ArchitecturePlan& plan, WeightTable& table);

}  // namespace jpo
