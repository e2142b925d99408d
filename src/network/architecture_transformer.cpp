// A small transformer encoder (Vaswani et al. 2017, with the norm before each part): patches of the
// grid are tokens, with a learned code of their place added; blocks of multi-head self-attention
// and a dense part of four times the width. Features stand at the tokens.

#include <cmath>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "network/architecture.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kExpansion = 4;

class Block {
 public:
  Block(WeightTable& table, const std::string& name, const NetworkSettings& settings)
      : n_head_(settings.n_head),
        activation_(activation_of(settings)),
        norm_attention_(table, name + ".attention.norm", settings.width),
        query_key_value_(table, name + ".attention.in", settings.width, 3 * settings.width),
        attention_out_(table, name + ".attention.out", settings.width, settings.width),
        norm_dense_(table, name + ".dense.norm", settings.width),
        dense_in_(table, name + ".dense.in", settings.width, kExpansion * settings.width),
        dense_out_(table, name + ".dense.out", kExpansion * settings.width, settings.width) {}

  /// x [batch, token, width], and so is the result.
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
    const torch::Tensor seen = torch::matmul(share, parts[2]);  // [batch, head, token, per_head]
    return attention_out_(seen.transpose(1, 2).flatten(2), weights);
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
  Transformer(const ArchitecturePlan& plan, WeightTable& table)
      : patch_(checked_patch(plan)),
        width_(plan.settings.width),
        n_token_(plan.layout.n_grid() / patch_),
        embed_(table, "embed", plan.layout.n_channel() * patch_, width_),
        place_(add_weight(table, {"place", {n_token_, width_}, 1})),
        norm_(table, "norm", width_) {
    for (std::int64_t k = 1; k <= plan.settings.n_block; ++k)
      blocks_.emplace_back(table, fmt::format("block{}", k), plan.settings);
  }

  std::int64_t n_feature() const override { return width_; }
  std::int64_t n_point() const override { return n_token_; }

  torch::Tensor features(const torch::Tensor& stacked, const Weights& weights) const override {
    const torch::Tensor patches =
        stacked.view({stacked.size(0), stacked.size(1), n_token_, patch_}).transpose(1, 2);
    torch::Tensor x = embed_(patches.flatten(2), weights) + weights[place_];
    for (const Block& block : blocks_) x = block(x, weights);
    return norm_(x, weights).transpose(1, 2);
  }

 private:
  static std::int64_t checked_patch(const ArchitecturePlan& plan) {
    const std::int64_t patch = plan.settings.patch;
    if (plan.layout.n_grid() % patch != 0)
      throw BadInput(fmt::format(
          "key 'network.patch' = {}: does not divide the grid of {} points; allowed: a divisor",
          patch, plan.layout.n_grid()));
    return patch;
  }

  std::int64_t patch_;
  std::int64_t width_;
  std::int64_t n_token_;
  Dense embed_;
  std::size_t place_;  ///< of the code in the table
  LayerNorm norm_;     ///< of the last block's answer
  std::vector<Block> blocks_;
};

}  // namespace

std::unique_ptr<Architecture> make_transformer(const ArchitecturePlan& plan, WeightTable& table) {
  return std::make_unique<Transformer>(plan, table);
}

}  // namespace jpo
