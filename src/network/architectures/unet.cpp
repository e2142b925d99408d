// 1-D U-Net (Ronneberger et al. 2015). Strided convolutions lead down the levels of
// network.channels. On the way up, the points of a level are repeated, and its channels are
// concatenated with those of the next finer level. Every grid point has features.

#include <fmt/format.h>

#include "core/errors.hpp"
#include "network/architecture.hpp"

namespace jpo {
namespace {

// Repeats each point of x [batch, channel, point] `stride` times and keeps the first `n_point`.
torch::Tensor stretch(const torch::Tensor& x, std::int64_t stride, std::int64_t n_point) {
  return x.unsqueeze(3).expand({-1, -1, -1, stride}).flatten(2).narrow(2, 0, n_point);
}

class UNet final : public Architecture {
 public:
  static void check(const NetworkSettings& settings) {
    if (settings.channels.size() < 2)
      throw BadInput(
          fmt::format("key 'network.channels' has {} entries: a unet needs at least two levels; "
                      "allowed: for example [16, 32]",
                      settings.channels.size()));
  }

  UNet(const ArchitecturePlan& plan, WeightTable& table)
      : stride_(plan.settings.stride),
        n_feature_(plan.settings.channels.front()),
        n_point_(plan.layout.n_grid()) {
    const ConvolutionRule rule(plan.settings, plan.periodic, 1);
    const std::vector<std::int64_t>& channels = plan.settings.channels;
    std::int64_t n_in = plan.layout.n_channel();
    std::int64_t n = n_point_;
    for (std::size_t k = 0; k < channels.size(); ++k) {
      const std::int64_t stride = k == 0 ? 1 : stride_;
      const std::string name = fmt::format("down{}", k + 1);
      check_stage(name, n, stride, rule);
      down_.emplace_back(table, name, Channels{n_in, channels[k]}, rule);
      n_in = channels[k];
      n = ConvolutionStage::n_point_after(n, stride);
    }
    // up_[j] leads to the next finer level, from the coarsest level upwards. It needs no check: its
    // input has as many points as that of the next coarser stage in down_, which is checked.
    for (std::size_t k = channels.size() - 1; k-- > 0;)
      up_.emplace_back(table, fmt::format("up{}", k + 1),
                       Channels{channels[k + 1] + channels[k], channels[k]}, rule);
  }

  std::int64_t n_feature() const override { return n_feature_; }
  std::int64_t n_point() const override { return n_point_; }

  torch::Tensor features(const torch::Tensor& stacked, const Weights& weights) const override {
    std::vector<torch::Tensor> levels = {down_.front()(stacked, 1, weights)};
    for (std::size_t k = 1; k < down_.size(); ++k)
      levels.push_back(down_[k](levels.back(), stride_, weights));
    torch::Tensor field = levels.back();
    for (std::size_t j = 0; j < up_.size(); ++j) {
      const torch::Tensor& beside = levels[levels.size() - 2 - j];
      field = stretch(field, stride_, beside.size(2));
      field = up_[j](torch::cat({field, beside}, 1), 1, weights);
    }
    return field;
  }

 private:
  std::int64_t stride_;
  std::int64_t n_feature_;
  std::int64_t n_point_;
  std::vector<ConvolutionStage> down_, up_;
};

const RegisterArchitecture<UNet> registered_unet{
    "unet", "1-D convolutions down to coarser levels and up again"};

}  // namespace

}  // namespace jpo
