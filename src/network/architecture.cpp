#include "network/architecture.hpp"

#include <fmt/format.h>

#include "core/errors.hpp"

namespace jpo {

std::int64_t WeightShape::size() const {
  std::int64_t n = 1;
  for (const std::int64_t extent : shape) n *= extent;
  return n;
}

Architecture::Architecture(const NetworkSettings& settings, const InputLayout& layout,
                           bool periodic, std::int64_t n_output)
    : activation_(settings.activation == "tanh"   ? Activation::tanh
                  : settings.activation == "gelu" ? Activation::gelu
                                                  : Activation::relu),
      circular_(settings.padding == "circular" || (settings.padding == "auto" && periodic)),
      kernel_(settings.kernel),
      stride_(settings.stride),
      n_residual_(settings.residual_blocks) {
  std::int64_t width = layout.n_appended();
  if (layout.n_channel() > 0) {
    std::int64_t n_channel = layout.n_channel();
    std::int64_t n_grid = layout.n_grid();
    for (const std::int64_t n_out : settings.channels) {
      if (n_grid < kernel_)
        throw BadInput(
            fmt::format("key 'network.channels': convolution {} sees {} points, fewer than "
                        "network.kernel = {}; "
                        "use fewer convolutions or a smaller network.stride",
                        n_convolution_ + 1, n_grid, kernel_));
      const std::string name = fmt::format("convolution{}", ++n_convolution_);
      add_convolution(name, n_channel, n_out);
      for (std::int64_t k = 1; k <= n_residual_; ++k) {
        add_convolution(fmt::format("{}.residual{}.first", name, k), n_out, n_out);
        add_convolution(fmt::format("{}.residual{}.second", name, k), n_out, n_out);
      }
      n_channel = n_out;
      n_grid = (n_grid - 1) / stride_ + 1;
    }
    width += n_channel * n_grid;
  }
  for (const std::int64_t n_out : settings.hidden) {
    add_dense(fmt::format("dense{}", ++n_dense_), width, n_out);
    width = n_out;
  }
  add_dense("output", width, n_output);
}

void Architecture::add_convolution(const std::string& name, std::int64_t n_in, std::int64_t n_out) {
  weights_.push_back({name + ".weight", {n_out, n_in, kernel_}, n_in * kernel_});
  weights_.push_back({name + ".bias", {n_out}, n_in * kernel_});
}

void Architecture::add_dense(const std::string& name, std::int64_t n_in, std::int64_t n_out) {
  weights_.push_back({name + ".weight", {n_out, n_in}, n_in});
  weights_.push_back({name + ".bias", {n_out}, n_in});
}

torch::Tensor Architecture::convolve(const torch::Tensor& x, const torch::Tensor& weight,
                                     const torch::Tensor& bias, std::int64_t stride) const {
  const std::int64_t beyond = kernel_ / 2;
  if (!circular_ || beyond == 0) return torch::conv1d(x, weight, bias, stride, beyond);
  const std::int64_t n = x.size(2);
  const torch::Tensor wrapped =
      torch::cat({x.narrow(2, n - beyond, beyond), x, x.narrow(2, 0, beyond)}, 2);
  return torch::conv1d(wrapped, weight, bias, stride);
}

torch::Tensor Architecture::activate(const torch::Tensor& x) const {
  switch (activation_) {
    case Activation::tanh:
      return torch::tanh(x);
    case Activation::gelu:
      return torch::gelu(x);
    default:
      return torch::relu(x);
  }
}

torch::Tensor Architecture::forward(const torch::Tensor& stacked, const torch::Tensor& appended,
                                    const std::vector<torch::Tensor>& weights) const {
  std::size_t next = 0;
  const auto take = [&] { return weights[next++]; };
  const auto convolution = [&](const torch::Tensor& x, std::int64_t stride) {
    const torch::Tensor weight = take();
    return convolve(x, weight, take(), stride);
  };
  torch::Tensor x = appended;
  if (n_convolution_ > 0) {
    torch::Tensor field = stacked;
    for (std::int64_t k = 0; k < n_convolution_; ++k) {
      field = activate(convolution(field, stride_));
      for (std::int64_t block = 0; block < n_residual_; ++block) {
        const torch::Tensor inner = activate(convolution(field, 1));
        field = field + convolution(inner, 1);
      }
    }
    x = field.flatten(1);
    if (appended.size(1) > 0) x = torch::cat({x, appended}, 1);
  }
  for (std::int64_t k = 0; k <= n_dense_; ++k) {
    const torch::Tensor weight = take();
    x = torch::addmm(take(), x, weight.t());
    if (k < n_dense_) x = activate(x);
  }
  return x;
}

}  // namespace jpo
