#include <fmt/format.h>

#include "core/errors.hpp"
#include "network/network.hpp"

namespace jpo {
namespace {

void describe_convolutions(NetworkSettings& s, KeyTable& table) {
  table.add("channels", &s.channels,
            {.doc = "cnn, cnn2d: output channels of each convolution; unet: of each level, the "
                    "finest first",
             .min = 1,
             .max = 4096});
  table.add("kernel", &s.kernel,
            {.doc = "cnn, cnn2d, unet: points a convolution sees (cnn2d: and rows); odd",
             .min = 1,
             .max = 255});
  table.add("stride", &s.stride,
            {.doc = "cnn: points between two outputs of a convolution; cnn2d: and rows; unet: of a "
                    "level between two points of the next",
             .min = 1,
             .max = 64});
  table.add("padding", &s.padding,
            {.doc = "cnn, cnn2d, unet: what lies beyond the ends of the grid; auto: circular where "
                    "y is periodic, else zero; across rows (cnn2d) always zero",
             .allowed = {"auto", "circular", "zero"}});
  table.add("residual_blocks", &s.residual_blocks,
            {.doc = "cnn, cnn2d, unet: blocks x + conv(act(conv(x))) after each convolution: 1 or "
                    "more make a residual network",
             .min = 0,
             .max = 64});
  table.add("image_channels", &s.image_channels,
            {.doc = "cnn2d: the channels of y and then c are the rows of so many images, one after "
                    "the other",
             .min = 1,
             .max = 4096});
}

void describe_transformer(NetworkSettings& s, KeyTable& table) {
  table.add(
      "patch", &s.patch,
      {.doc = "transformer: points that make a token; divides the grid", .min = 1, .max = 4096});
  table.add("width", &s.width,
            {.doc = "transformer: of a token; n_head divides it", .min = 1, .max = 4096});
  table.add("n_head", &s.n_head,
            {.doc = "transformer: heads of an attention", .min = 1, .max = 256});
  table.add("n_block", &s.n_block,
            {.doc = "transformer: blocks of attention and dense part", .min = 1, .max = 64});
}

void describe_head(NetworkSettings& s, KeyTable& table) {
  table.add("head", &s.head,
            {.doc = "dense: dense layers on the features of all points; pooled: on their mean; "
                    "soft_argmax: a parameter is the mean of the points' coordinates, weighted by "
                    "softmax(score), scores by dense layers at each point",
             .allowed = {"dense", "pooled", "soft_argmax"}});
  table.add("hidden", &s.hidden,
            {.doc = "widths of the head's dense layers", .min = 1, .max = 65536});
  table.add("temperature", &s.temperature,
            {.doc = "soft_argmax: scores are divided by it", .min = 1e-3, .max = 1e3});
  table.add("reach", &s.reach,
            {.doc = "soft_argmax: the grid's ends lie at -reach and reach about the centre; what "
                    "leaves the box is cut off at 0.999 of it",
             .unit = "half box, or the scale",
             .min = 1e-3,
             .max = 1e3});
  table.add(
      "output_spread", &s.output_spread,
      {.doc = "factor on the last layer's first weights: answers start this near to the centre",
       .unit = "the parameters' scale",
       .min = 0,
       .max = 10});
  table.add("output_map", &s.output_map,
            {.doc = "how the last layer's z fills the box of a bounded parameter; "
                    "tanh: centre + half tanh(z); algebraic: centre + half z / sqrt(1 + z^2); an "
                    "unbounded one is centre + scale z",
             .allowed = {"tanh", "algebraic"}});
}

}  // namespace

void NetworkSettings::describe(KeyTable& table) {
  table.add("name", &name,
            {.doc = "mlp: dense layers only; cnn: 1-D convolutions over the grid of y (and c); "
                    "cnn2d: 2-D ones, channels as rows; unet: 1-D, down to coarser levels and up "
                    "again; transformer: attention between patches of the grid",
             .allowed = {"mlp", "cnn", "cnn2d", "unet", "transformer"}});
  table.add("precision", &precision,
            {.doc = "of weights and activations; the loop around the network is double",
             .allowed = {"float", "double"}});
  table.add("activation", &activation,
            {.doc = "between layers", .allowed = {"relu", "gelu", "tanh"}});
  describe_convolutions(*this, table);
  describe_transformer(*this, table);
  describe_head(*this, table);
}

void NetworkSettings::check() const {
  if (kernel % 2 == 0)
    throw BadInput(fmt::format("key 'network.kernel' = {}: must be odd; allowed: {} or {}", kernel,
                               kernel - 1, kernel + 1));
  if ((name == "cnn" || name == "cnn2d") && channels.empty())
    throw BadInput(fmt::format(
        "key 'network.channels' = []: a {} needs one convolution or more; allowed: [32], say",
        name));
  if (name == "unet" && channels.size() < 2)
    throw BadInput(
        fmt::format("key 'network.channels' has {} entries: a unet needs two levels or more; "
                    "allowed: [16, 32], say",
                    channels.size()));
  if (name == "transformer" && width % n_head != 0)
    throw BadInput(
        fmt::format("key 'network.width' = {}: network.n_head = {} does not divide it; allowed: a "
                    "multiple, {} say",
                    width, n_head, (width / n_head + 1) * n_head));
  if (name == "mlp" && head != "dense")
    throw BadInput(fmt::format(
        "key 'network.head' = \"{}\": an mlp has no points along the grid; allowed: dense", head));
}

}  // namespace jpo
