// 2-D convolutions: the stacked channels of y and c are the rows of an image over the grid, for
// example the times of a record. With network.image_channels > 1 they are the rows of that many
// images, one image after the other. Rows are not a periodic direction. After the last convolution,
// all channels and rows at a point of the grid are the features of this point.

#include <fmt/format.h>

#include "core/errors.hpp"
#include "network/architecture.hpp"

namespace jpo {
namespace {

class Cnn2d final : public Architecture {
 public:
  struct Settings : jpo::Settings {
    std::int64_t image_channels = 1;
    void describe(KeyTable& table) override {
      table.add(
          "image_channels", &image_channels,
          {.doc =
               "cnn2d: number of images. The channels of y, then those of c, are divided into this "
               "number of consecutive groups of equal size. The channels of a group are the rows "
               "of an image",
           .min = 1,
           .max = 4096});
    }
  };
  static void check(const NetworkSettings& settings) { check_convolutions(settings); }

  Cnn2d(const Settings& own, const ArchitecturePlan& plan, WeightTable& table)
      : stride_(plan.settings.stride),
        n_image_(own.image_channels),
        n_point_(plan.layout.n_grid()) {
    const std::int64_t n_channel = plan.layout.n_channel();
    if (n_channel % n_image_ != 0)
      throw BadInput(
          fmt::format("key 'network.image_channels' = {}: does not divide the {} channels of y and "
                      "c; allowed: a divisor of {}",
                      n_image_, n_channel, n_channel));
    n_row_ = n_channel / n_image_;
    const ConvolutionRule rule(plan.settings, plan.periodic, 2);
    std::int64_t n_in = n_image_;
    for (const std::int64_t n_out : plan.settings.channels) {
      const std::string name = fmt::format("convolution{}", stages_.size() + 1);
      check_stage(name, n_point_, stride_, rule);
      stages_.emplace_back(table, name, Channels{n_in, n_out}, rule);
      n_in = n_out;
      n_point_ = ConvolutionStage::n_point_after(n_point_, stride_);
      n_row_ = ConvolutionStage::n_point_after(n_row_, stride_);
    }
    n_feature_ = n_in * n_row_;
  }

  std::int64_t n_feature() const override { return n_feature_; }
  std::int64_t n_point() const override { return n_point_; }

  torch::Tensor features(const torch::Tensor& stacked, const Weights& weights) const override {
    torch::Tensor image =
        stacked.view({stacked.size(0), n_image_, stacked.size(1) / n_image_, stacked.size(2)});
    for (const ConvolutionStage& stage : stages_) image = stage(image, stride_, weights);
    return image.flatten(1, 2);
  }

 private:
  std::int64_t stride_;
  std::int64_t n_image_;
  std::int64_t n_row_ = 1;
  std::int64_t n_feature_ = 0;
  std::int64_t n_point_;
  std::vector<ConvolutionStage> stages_;
};

const RegisterArchitecture<Cnn2d> registered_cnn2d{"cnn2d", "2-D convolutions, channels as rows"};

}  // namespace

}  // namespace jpo
