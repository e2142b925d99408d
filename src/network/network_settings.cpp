#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/errors.hpp"
#include "network/architecture.hpp"

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
  std::vector<std::string> names, summaries;
  for (const ArchitectureEntry& entry : registered_architectures()) {
    names.push_back(entry.name);
    summaries.push_back(entry.name + ": " + entry.summary);
  }
  table.add("name", &name,
            {.doc = fmt::format("{}", fmt::join(summaries, "; ")), .allowed = names});
  table.add("precision", &precision,
            {.doc = "of weights and activations; the loop around the network is double",
             .allowed = {"float", "double"}});
  table.add("activation", &activation,
            {.doc = "between layers", .allowed = {"relu", "gelu", "tanh"}});
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
