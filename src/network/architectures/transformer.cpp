// A small transformer encoder (Vaswani et al. 2017, with the normalization before each part).
// Patches of the grid are tokens, to which a learned code of the position is added. Each block has
// multi-head self-attention and two dense layers with an inner width of four times the token width.
// Each token is a point with `width` features.

#include <cmath>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "network/architecture.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kExpansion = 4;

struct TransformerSettings : Settings {
  std::int64_t patch = 8;
  std::int64_t width = 64;
  std::int64_t n_head = 4;
  std::int64_t n_block = 2;

  void describe(KeyTable& table) override {
    table.add("patch", &patch,
              {.doc = "transformer: grid points per token; must divide the number of grid points",
               .min = 1,
               .max = 4096});
    table.add("width", &width,
              {.doc = "transformer: width of a token; must be a multiple of n_head",
               .min = 1,
               .max = 4096});
    table.add("n_head", &n_head,
              {.doc = "transformer: heads of each attention layer", .min = 1, .max = 256});
    table.add("n_block", &n_block,
              {.doc = "transformer: blocks of attention and dense layers", .min = 1, .max = 64});
  }
  void check() const override {
    if (width % n_head != 0)
      throw BadInput(
          fmt::format("key 'network.width' = {}: not a multiple of network.n_head = {}; allowed: "
                      "a multiple, for example {}",
                      width, n_head, (width / n_head + 1) * n_head));
  }
};

class Block {
 public:
  Block(WeightTable& table, const std::string& name, const TransformerSettings& settings,
        Activation activation)
      : n_head_(settings.n_head),
        activation_(activation),
        norm_attention_(table, name + ".attention.norm", settings.width),
        query_key_value_(table, name + ".attention.in", settings.width, 3 * settings.width),
        attention_out_(table, name + ".attention.out", settings.width, settings.width),
        norm_dense_(table, name + ".dense.norm", settings.width),
        dense_in_(table, name + ".dense.in", settings.width, kExpansion * settings.width),
        dense_out_(table, name + ".dense.out", kExpansion * settings.width, settings.width) {}

  /// Maps x [batch, token, width] to a result of the same shape.
  torch::Tensor operator()(const torch::Tensor& x, const Weights& weights) const {
    const torch::Tensor y = x + attend(norm_attention_(x, weights), weights);
    const torch::Tensor inner = dense_in_(norm_dense_(y, weights), weights);
    return y + dense_out_(activate(inner, activation_), weights);
  }

 private:
  torch::Tensor attend(const torch::Tensor& x, const Weights& weights) const {
    const std::int64_t per_head = x.size(2) / n_head_;
    const torch::Tensor parts = query_key_value_(x, weights)
                                    .view({x.size(0), x.size(1), 3, n_head_, per_head})
                                    .permute({2, 0, 3, 1, 4});  // [3, batch, head, token, per_head]
    const torch::Tensor query = parts[0] / std::sqrt(static_cast<double>(per_head));
    const torch::Tensor share = torch::softmax(torch::matmul(query, parts[1].transpose(2, 3)), 3);
    const torch::Tensor mean = torch::matmul(share, parts[2]);  // [batch, head, token, per_head]
    return attention_out_(mean.transpose(1, 2).flatten(2), weights);
  }

  std::int64_t n_head_;
  Activation activation_;
  LayerNorm norm_attention_;
  Dense query_key_value_, attention_out_;
  LayerNorm norm_dense_;
  Dense dense_in_, dense_out_;
};

class Transformer final : public Architecture {
 public:
  using Settings = TransformerSettings;

  Transformer(const Settings& own, const ArchitecturePlan& plan, WeightTable& table)
      : patch_(checked_patch(own.patch, plan)),
        width_(own.width),
        n_token_(plan.layout.n_grid() / patch_),
        embed_(table, "embed", plan.layout.n_channel() * patch_, width_),
        position_(add_weight(table, {"place", {n_token_, width_}, 1})),
        norm_(table, "norm", width_) {
    for (std::int64_t k = 1; k <= own.n_block; ++k)
      blocks_.emplace_back(table, fmt::format("block{}", k), own, activation_of(plan.settings));
  }

  std::int64_t n_feature() const override { return width_; }
  std::int64_t n_point() const override { return n_token_; }

  torch::Tensor features(const torch::Tensor& stacked, const Weights& weights) const override {
    const torch::Tensor patches =
        stacked.view({stacked.size(0), stacked.size(1), n_token_, patch_}).transpose(1, 2);
    torch::Tensor x = embed_(patches.flatten(2), weights) + weights[position_];
    for (const Block& block : blocks_) x = block(x, weights);
    return norm_(x, weights).transpose(1, 2);
  }

 private:
  static std::int64_t checked_patch(std::int64_t patch, const ArchitecturePlan& plan) {
    if (plan.layout.n_grid() % patch != 0)
      throw BadInput(fmt::format(
          "key 'network.patch' = {}: does not divide the {} grid points; allowed: a divisor", patch,
          plan.layout.n_grid()));
    return patch;
  }

  std::int64_t patch_;
  std::int64_t width_;
  std::int64_t n_token_;
  Dense embed_;
  /// Index of the position codes in the table of weights.
  std::size_t position_;
  /// Applied after the last block.
  LayerNorm norm_;
  std::vector<Block> blocks_;
};

const RegisterArchitecture<Transformer> registered_transformer{
    "transformer", "attention between patches of the grid"};

}  // namespace

}  // namespace jpo
