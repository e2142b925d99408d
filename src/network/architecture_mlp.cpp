// No features: the dense layers of the head see y and c as they are.

#include "network/architecture.hpp"

namespace jpo {
namespace {

class Mlp final : public Architecture {
 public:
  std::int64_t n_feature() const override { return 0; }
  std::int64_t n_point() const override { return 0; }
  torch::Tensor features(const torch::Tensor& stacked, const Weights&) const override {
    return stacked;  // has no channels: InputLayout appends everything
  }
};

}  // namespace

std::unique_ptr<Architecture> make_mlp(const ArchitecturePlan&, WeightTable&) {
  return std::make_unique<Mlp>();
}

}  // namespace jpo
