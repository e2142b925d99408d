// 1-D convolutions along the grid, each with stride network.stride. With network.residual_blocks >
// 0 a residual network (He et al. 2016).

#include <fmt/format.h>

#include "network/architecture.hpp"

namespace jpo {
namespace {

class Cnn final : public Architecture {
 public:
  static void check(const NetworkSettings& settings) { check_convolutions(settings); }

  Cnn(const ArchitecturePlan& plan, WeightTable& table)
      : stride_(plan.settings.stride),
        n_feature_(plan.layout.n_channel()),
        n_point_(plan.layout.n_grid()) {
    const ConvolutionRule rule(plan.settings, plan.periodic, 1);
    for (const std::int64_t n_out : plan.settings.channels) {
      const std::string name = fmt::format("convolution{}", stages_.size() + 1);
      check_stage(name, n_point_, stride_, rule);
      stages_.emplace_back(table, name, Channels{n_feature_, n_out}, rule);
      n_feature_ = n_out;
      n_point_ = ConvolutionStage::n_point_after(n_point_, stride_);
    }
  }

  std::int64_t n_feature() const override { return n_feature_; }
  std::int64_t n_point() const override { return n_point_; }

  torch::Tensor features(const torch::Tensor& stacked, const Weights& weights) const override {
    torch::Tensor field = stacked;
    for (const ConvolutionStage& stage : stages_) field = stage(field, stride_, weights);
    return field;
  }

 private:
  std::int64_t stride_;
  std::int64_t n_feature_;
  std::int64_t n_point_;
  std::vector<ConvolutionStage> stages_;
};

const RegisterArchitecture<Cnn> registered_cnn{"cnn",
                                               "1-D convolutions over the grid of y (and c)"};

}  // namespace

}  // namespace jpo
