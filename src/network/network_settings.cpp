#include <fmt/format.h>

#include "core/errors.hpp"
#include "network/network.hpp"

namespace jpo {

void NetworkSettings::describe(KeyTable& table) {
  table.add(
      "name", &name,
      {.doc = "cnn: 1-D convolutions over the grid of y (and c), then dense layers; mlp: dense",
       .allowed = {"cnn", "mlp"}});
  table.add("precision", &precision,
            {.doc = "of weights and activations; the loop around the network is double",
             .allowed = {"float", "double"}});
  table.add("activation", &activation,
            {.doc = "between layers", .allowed = {"relu", "gelu", "tanh"}});
  table.add("channels", &channels,
            {.doc = "cnn: output channels of each convolution", .min = 1, .max = 4096});
  table.add("kernel", &kernel,
            {.doc = "cnn: points a convolution sees; odd", .min = 1, .max = 255});
  table.add("stride", &stride,
            {.doc = "cnn: points between two outputs of a convolution", .min = 1, .max = 64});
  table.add("padding", &padding,
            {.doc = "cnn: what lies beyond the ends; auto: circular where y is periodic, else zero",
             .allowed = {"auto", "circular", "zero"}});
  table.add(
      "residual_blocks", &residual_blocks,
      {.doc = "cnn: blocks x + conv(act(conv(x))) after each convolution", .min = 0, .max = 64});
  table.add("hidden", &hidden, {.doc = "widths of the dense layers", .min = 1, .max = 65536});
  table.add(
      "output_spread", &output_spread,
      {.doc = "factor on the last layer's first weights: answers start this near to the centre",
       .unit = "the parameters' scale",
       .min = 0,
       .max = 10});
  table.add("output_map", &output_map,
            {.doc = "how the last layer's z fills the box of a bounded parameter; "
                    "tanh: centre + half tanh(z); algebraic: centre + half z / sqrt(1 + z^2); an "
                    "unbounded one is centre + scale z",
             .allowed = {"tanh", "algebraic"}});
}

void NetworkSettings::check() const {
  if (kernel % 2 == 0)
    throw BadInput(fmt::format("key 'network.kernel' = {}: must be odd; allowed: {} or {}", kernel,
                               kernel - 1, kernel + 1));
  if (name == "cnn" && channels.empty())
    throw BadInput(
        "key 'network.channels': a cnn needs one convolution or more; allowed: [32], say");
}

}  // namespace jpo
