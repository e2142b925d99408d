#pragma once
// What architectures are built of. A layer notes its weights in a table when it is built, and finds
// them at the same indices when it is called. Sees torch: included by this folder only.

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "network/network.hpp"

namespace jpo {

struct WeightShape {
  std::string name;
  std::vector<std::int64_t> shape;
  /// Inputs of one output: sets the width of the first draw; 0: none.
  std::int64_t fan_in;
  /// Of the last layer: NetworkSettings::output_spread scales its draw.
  bool is_output = false;
  std::int64_t size() const;
};
using WeightTable = std::vector<WeightShape>;
/// In the table's order.
using Weights = std::vector<torch::Tensor>;

/// Returns its index in the table.
std::size_t add_weight(WeightTable& table, WeightShape weight);

enum class Activation { relu, gelu, tanh };
Activation activation_of(const NetworkSettings& settings);
torch::Tensor activate(const torch::Tensor& x, Activation activation);

/// x W^T + b over the last dimension.
class Dense {
 public:
  Dense(WeightTable& table, const std::string& name, std::int64_t n_in, std::int64_t n_out);
  /// The last layer of a network: starts near zero.
  static Dense output(WeightTable& table, std::int64_t n_in, std::int64_t n_out);
  torch::Tensor operator()(const torch::Tensor& x, const Weights& weights) const;

 private:
  std::size_t first_;
  std::int64_t n_out_;
};

/// (x - mean) / deviation (1 + gain) + shift over the last dimension; gain and shift start at zero.
class LayerNorm {
 public:
  LayerNorm(WeightTable& table, const std::string& name, std::int64_t width);
  torch::Tensor operator()(const torch::Tensor& x, const Weights& weights) const;

 private:
  std::size_t first_;
  std::int64_t width_;
};

/// How the convolutions of one network are done.
struct ConvolutionRule {
  ConvolutionRule(const NetworkSettings& settings, bool periodic, std::int64_t n_dimension);
  /// 1: [batch, channel, grid]; 2: [batch, channel, row, grid]
  std::int64_t n_dimension;
  std::int64_t kernel;
  std::int64_t n_residual;
  /// Along the grid; across rows it is always zero beyond the ends.
  bool circular;
  Activation activation;
};

struct Channels {
  std::int64_t in;
  std::int64_t out;
};

class Convolution {
 public:
  Convolution(WeightTable& table, const std::string& name, Channels channels,
              const ConvolutionRule& rule);
  torch::Tensor operator()(const torch::Tensor& x, std::int64_t stride,
                           const Weights& weights) const;

 private:
  std::size_t first_;
  ConvolutionRule rule_;
};

/// act(conv(x)), and then residual blocks x + conv(act(conv(x))). `stride` is the first one's.
class ConvolutionStage {
 public:
  ConvolutionStage(WeightTable& table, const std::string& name, Channels channels,
                   const ConvolutionRule& rule);
  torch::Tensor operator()(const torch::Tensor& x, std::int64_t stride,
                           const Weights& weights) const;
  static std::int64_t n_point_after(std::int64_t n_point, std::int64_t stride) {
    return (n_point - 1) / stride + 1;
  }

 private:
  struct ResidualBlock {
    Convolution first, second;
  };
  Activation activation_;
  Convolution convolution_;
  std::vector<ResidualBlock> residual_;
};

/// Refuses settings without a convolution. Throws BadInput.
void check_convolutions(const NetworkSettings& settings);

/// Throws BadInput if a stage, called `name`, would see fewer points than its kernel has.
void check_stage(const std::string& name, std::int64_t n_point, std::int64_t stride,
                 const ConvolutionRule& rule);

}  // namespace jpo
