#pragma once
// Layers for architectures and heads. The constructor of a layer adds its weights to a table; calls
// of the layer read the weights at the same indices. Includes torch: only for this folder and for
// architectures.

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "network/network.hpp"

namespace jpo {

struct WeightShape {
  std::string name;
  std::vector<std::int64_t> shape;
  /// Inputs per output: initial weights are uniform in [-1, 1] / sqrt(fan_in). 0: initial weights
  /// are zero.
  std::int64_t fan_in;
  /// True for the last layer: its initial weights are multiplied by
  /// NetworkSettings::output_spread.
  bool is_output = false;
  std::int64_t size() const;
};
using WeightTable = std::vector<WeightShape>;
/// Tensors in the order of the table.
using Weights = std::vector<torch::Tensor>;

/// Adds a weight and returns its index in the table.
std::size_t add_weight(WeightTable& table, WeightShape weight);

enum class Activation { relu, gelu, tanh };
Activation activation_of(const NetworkSettings& settings);
torch::Tensor activate(const torch::Tensor& x, Activation activation);

/// x W^T + b over the last dimension.
class Dense {
 public:
  Dense(WeightTable& table, const std::string& name, std::int64_t n_in, std::int64_t n_out);
  /// Returns the last layer of a network. Its bias is initially zero.
  static Dense output(WeightTable& table, std::int64_t n_in, std::int64_t n_out);
  torch::Tensor operator()(const torch::Tensor& x, const Weights& weights) const;

 private:
  std::size_t first_;
  std::int64_t n_out_;
};

/// (x - mean) / deviation (1 + gain) + shift over the last dimension. Gain and shift are initially
/// zero.
class LayerNorm {
 public:
  LayerNorm(WeightTable& table, const std::string& name, std::int64_t width);
  torch::Tensor operator()(const torch::Tensor& x, const Weights& weights) const;

 private:
  std::size_t first_;
  std::int64_t width_;
};

/// Properties that all convolutions of a network share.
struct ConvolutionRule {
  ConvolutionRule(const NetworkSettings& settings, bool periodic, std::int64_t n_dimension);
  /// 1: fields [batch, channel, grid]; 2: fields [batch, channel, row, grid].
  std::int64_t n_dimension;
  std::int64_t kernel;
  std::int64_t n_residual;
  /// True: circular padding along the grid; false: zero padding. Rows always have zero padding.
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

/// act(conv(x)), then residual blocks x + conv(act(conv(x))). `stride` is that of the first
/// convolution; the others have stride 1.
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

/// Throws BadInput if the settings have no convolution.
void check_convolutions(const NetworkSettings& settings);

/// Throws BadInput if an input of the stage `name` has fewer points than the kernel. `n_point`:
/// points of the input of the stage.
void check_stage(const std::string& name, std::int64_t n_point, std::int64_t stride,
                 const ConvolutionRule& rule);

}  // namespace jpo
