#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/errors.hpp"
#include "network/architecture.hpp"

namespace jpo {
namespace {

void describe_convolutions(NetworkSettings& s, KeyTable& table) {
  table.add("channels", &s.channels,
            {.doc = "cnn, cnn2d: output channels of each convolution; unet: channels of each "
                    "level, the finest first",
             .min = 1,
             .max = 4096});
  table.add("kernel", &s.kernel,
            {.doc = "cnn, cnn2d, unet: width of the convolution kernel in grid points (cnn2d: and "
                    "in rows); odd",
             .min = 1,
             .max = 255});
  table.add("stride", &s.stride,
            {.doc = "cnn, cnn2d: stride of each convolution in grid points (cnn2d: and in rows); "
                    "unet: ratio of the spacings of two levels",
             .min = 1,
             .max = 64});
  table.add("padding", &s.padding,
            {.doc = "cnn, cnn2d, unet: padding at the ends of the grid; auto: circular if y is "
                    "periodic, else zero; rows (cnn2d) always have zero padding",
             .allowed = {"auto", "circular", "zero"}});
  table.add("residual_blocks", &s.residual_blocks,
            {.doc = "cnn, cnn2d, unet: number of residual blocks x + conv(act(conv(x))) after each "
                    "convolution; 0: no residual network",
             .min = 0,
             .max = 64});
}

void describe_head(NetworkSettings& s, KeyTable& table) {
  table.add("head", &s.head,
            {.doc = "dense: dense layers on the features of all points; pooled: on the mean over "
                    "the points; soft_argmax: a parameter is the mean of the points' coordinates, "
                    "weighted by softmax(score), with scores from dense layers at each point",
             .allowed = {"dense", "pooled", "soft_argmax"}});
  table.add("hidden", &s.hidden,
            {.doc = "widths of the head's dense layers", .min = 1, .max = 65536});
  table.add("temperature", &s.temperature,
            {.doc = "soft_argmax: scores are divided by this", .min = 1e-3, .max = 1e3});
  table.add("reach", &s.reach,
            {.doc = "soft_argmax: coordinates of the points go from centre - reach to centre + "
                    "reach; they are cut off at 0.999 of the half width of a box",
             .unit = "half width of the box; the scale if unbounded",
             .min = 1e-3,
             .max = 1e3});
  table.add(
      "output_spread", &s.output_spread,
      {.doc = "factor of the initial weights of the last layer: small values give first answers "
              "near the centre",
       .unit = "the parameters' scale",
       .min = 0,
       .max = 10});
  table.add("output_map", &s.output_map,
            {.doc = "map from the output z of the last layer to a parameter with two bounds, with "
                    "the middle and the half width of its box; tanh: middle + half tanh(z + s); "
                    "algebraic: middle + half x / sqrt(1 + x^2), x = z + s. The shift s makes "
                    "z = 0 the centre. Unbounded: centre + scale z",
             .allowed = {"tanh", "algebraic"}});
}

}  // namespace

void NetworkSettings::describe(KeyTable& table) {
  std::vector<std::string> names, summaries;
  for (const ArchitectureEntry& entry : registered_architectures()) {
    names.push_back(entry.name);
    summaries.push_back(entry.name + ": " + entry.summary);
  }
  table.add("name", &name,
            {.doc = fmt::format("{}", fmt::join(summaries, "; ")), .allowed = names});
  table.add("precision", &precision,
            {.doc = "precision of weights and activations; outside the network all is double",
             .allowed = {"float", "double"}});
  table.add("activation", &activation,
            {.doc = "activation function between layers", .allowed = {"relu", "gelu", "tanh"}});
  describe_convolutions(*this, table);
  own.describe(table);
  describe_head(*this, table);
}

void NetworkSettings::check() const {
  if (kernel % 2 == 0)
    throw BadInput(fmt::format("key 'network.kernel' = {}: must be odd; allowed: {} or {}", kernel,
                               kernel - 1, kernel + 1));
  const ArchitectureEntry& architecture = architecture_entry(name);
  architecture.check(*this);
  if (architecture.make_settings) own.of(name).check();
}

}  // namespace jpo
