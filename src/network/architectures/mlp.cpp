// No features: y and c are passed unchanged to the dense layers of the head.

#include <fmt/format.h>

#include "core/errors.hpp"
#include "network/architecture.hpp"

namespace jpo {
namespace {

class Mlp final : public Architecture {
 public:
  static constexpr bool stacks_inputs = false;
  static void check(const NetworkSettings& settings) {
    if (settings.head != "dense")
      throw BadInput(
          fmt::format("key 'network.head' = \"{}\": an mlp has no points along the grid; allowed: "
                      "dense",
                      settings.head));
  }

  Mlp(const ArchitecturePlan& /*plan*/, WeightTable& /*table*/) {}
  std::int64_t n_feature() const override { return 0; }
  std::int64_t n_point() const override { return 0; }
  // `stacked` is empty: InputLayout appends all components of y and c.
  torch::Tensor features(const torch::Tensor& stacked, const Weights&) const override {
    return stacked;
  }
};

const RegisterArchitecture<Mlp> registered_mlp{"mlp", "dense layers only"};

}  // namespace
}  // namespace jpo
