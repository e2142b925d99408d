#pragma once
// The layers of a network as a function of its weights. Sees torch: included by this folder only.

#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "network/input_layout.hpp"
#include "network/network.hpp"

namespace jpo {

struct WeightShape {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t fan_in;  ///< inputs of one output: sets the width of the first draw
  std::int64_t size() const;
};

class Architecture {
 public:
  /// Throws BadInput, naming the key, where the settings do not fit the layout.
  Architecture(const NetworkSettings& settings, const InputLayout& layout, bool periodic,
               std::int64_t n_output);

  const std::vector<WeightShape>& weights() const { return weights_; }

  /// z [batch, n_output] from stacked [batch, n_channel, n_grid] and appended [batch, n_appended].
  torch::Tensor forward(const torch::Tensor& stacked, const torch::Tensor& appended,
                        const std::vector<torch::Tensor>& weights) const;

 private:
  void add_convolution(const std::string& name, std::int64_t n_in, std::int64_t n_out);
  void add_dense(const std::string& name, std::int64_t n_in, std::int64_t n_out);
  torch::Tensor convolve(const torch::Tensor& x, const torch::Tensor& weight,
                         const torch::Tensor& bias, std::int64_t stride) const;
  torch::Tensor activate(const torch::Tensor& x) const;

  enum class Activation { relu, gelu, tanh };
  Activation activation_;
  bool circular_;
  std::int64_t kernel_;
  std::int64_t stride_;
  std::int64_t n_convolution_ = 0;
  std::int64_t n_residual_;
  std::int64_t n_dense_ = 0;
  std::vector<WeightShape> weights_;
};

}  // namespace jpo
