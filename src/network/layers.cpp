#include "network/layers.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/errors.hpp"

namespace jpo {
namespace {

std::size_t add_pair(WeightTable& table, const std::string& name, std::vector<std::int64_t> shape,
                     std::int64_t fan_in) {
  const std::int64_t n_out = shape.front();
  const std::size_t first = add_weight(table, {name + ".weight", std::move(shape), fan_in});
  add_weight(table, {name + ".bias", {n_out}, fan_in});
  return first;
}

}  // namespace

std::int64_t WeightShape::size() const {
  std::int64_t n = 1;
  for (const std::int64_t extent : shape) n *= extent;
  return n;
}

std::size_t add_weight(WeightTable& table, WeightShape weight) {
  table.push_back(std::move(weight));
  return table.size() - 1;
}

Activation activation_of(const NetworkSettings& settings) {
  if (settings.activation == "tanh") return Activation::tanh;
  return settings.activation == "gelu" ? Activation::gelu : Activation::relu;
}

torch::Tensor activate(const torch::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::tanh:
      return torch::tanh(x);
    case Activation::gelu:
      return torch::gelu(x);
    default:
      return torch::relu(x);
  }
}

Dense::Dense(WeightTable& table, const std::string& name, std::int64_t n_in, std::int64_t n_out)
    : first_(add_pair(table, name, {n_out, n_in}, n_in)), n_out_(n_out) {}

Dense Dense::output(WeightTable& table, std::int64_t n_in, std::int64_t n_out) {
  const Dense dense(table, "output", n_in, n_out);
  table[dense.first_].is_output = true;
  table[dense.first_ + 1].fan_in = 0;
  return dense;
}

torch::Tensor Dense::operator()(const torch::Tensor& x, const Weights& weights) const {
  std::vector<std::int64_t> sizes = x.sizes().vec();
  const torch::Tensor rows = x.reshape({-1, sizes.back()});
  sizes.back() = n_out_;
  return torch::addmm(weights[first_ + 1], rows, weights[first_].t()).view(sizes);
}

LayerNorm::LayerNorm(WeightTable& table, const std::string& name, std::int64_t width)
    : first_(add_weight(table, {name + ".gain", {width}, 0})), width_(width) {
  add_weight(table, {name + ".shift", {width}, 0});
}

torch::Tensor LayerNorm::operator()(const torch::Tensor& x, const Weights& weights) const {
  return torch::layer_norm(x, {width_}, 1.0 + weights[first_], weights[first_ + 1]);
}

ConvolutionRule::ConvolutionRule(const NetworkSettings& settings, bool periodic,
                                 std::int64_t dimensions)
    : n_dimension(dimensions),
      kernel(settings.kernel),
      n_residual(settings.residual_blocks),
      circular(settings.padding == "circular" || (settings.padding == "auto" && periodic)),
      activation(activation_of(settings)) {}

Convolution::Convolution(WeightTable& table, const std::string& name, Channels channels,
                         const ConvolutionRule& rule)
    : rule_(rule) {
  std::vector<std::int64_t> shape = {channels.out, channels.in, rule.kernel};
  if (rule.n_dimension == 2) shape.push_back(rule.kernel);
  std::int64_t fan_in = channels.in;
  for (std::int64_t k = 0; k < rule.n_dimension; ++k) fan_in *= rule.kernel;
  first_ = add_pair(table, name, shape, fan_in);
}

torch::Tensor Convolution::operator()(const torch::Tensor& x, std::int64_t stride,
                                      const Weights& weights) const {
  const torch::Tensor& weight = weights[first_];
  const torch::Tensor& bias = weights[first_ + 1];
  const std::int64_t beyond = rule_.kernel / 2;
  const std::int64_t n = x.size(-1);
  const bool wraps = rule_.circular && beyond > 0;
  const torch::Tensor field =
      wraps ? torch::cat({x.narrow(-1, n - beyond, beyond), x, x.narrow(-1, 0, beyond)}, -1) : x;
  const std::int64_t padding = wraps ? 0 : beyond;
  if (rule_.n_dimension == 1) return torch::conv1d(field, weight, bias, stride, padding);
  return torch::conv2d(field, weight, bias, stride, {beyond, padding});
}

ConvolutionStage::ConvolutionStage(WeightTable& table, const std::string& name, Channels channels,
                                   const ConvolutionRule& rule)
    : activation_(rule.activation), convolution_(table, name, channels, rule) {
  const Channels same{channels.out, channels.out};
  for (std::int64_t k = 1; k <= rule.n_residual; ++k) {
    Convolution first(table, fmt::format("{}.residual{}.first", name, k), same, rule);
    Convolution second(table, fmt::format("{}.residual{}.second", name, k), same, rule);
    residual_.push_back({first, second});
  }
}

torch::Tensor ConvolutionStage::operator()(const torch::Tensor& x, std::int64_t stride,
                                           const Weights& weights) const {
  torch::Tensor field = activate(convolution_(x, stride, weights), activation_);
  for (const ResidualBlock& block : residual_) {
    const torch::Tensor inner = activate(block.first(field, 1, weights), activation_);
    field = field + block.second(inner, 1, weights);
  }
  return field;
}

void check_stage(const std::string& name, std::int64_t n_point, std::int64_t stride,
                 const ConvolutionRule& rule) {
  const std::int64_t n_after = ConvolutionStage::n_point_after(n_point, stride);
  const std::int64_t n_input = rule.n_residual > 0 ? std::min(n_point, n_after) : n_point;
  if (n_input < rule.kernel)
    throw BadInput(
        fmt::format("key 'network.kernel' = {}: {} has an input of {} points; allowed: up to {}, "
                    "or fewer network.channels or a smaller network.stride",
                    rule.kernel, name, n_input, n_input));
}

void check_convolutions(const NetworkSettings& settings) {
  if (settings.channels.empty())
    throw BadInput(fmt::format(
        "key 'network.channels' = []: a {} needs at least one convolution; allowed: for example "
        "[32]",
        settings.name));
}

}  // namespace jpo
