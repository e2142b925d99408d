#include "network/network.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <dlfcn.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>
#include <torch/version.h>

#include "core/device/hash_in_place.hpp"
#include "core/errors.hpp"
#include "core/hash.hpp"
#include "core/random.hpp"
#include "network/architecture.hpp"
#include "network/head.hpp"
#include "network/input_layout.hpp"
#include "network/network_rows.hpp"
#include "network/torch_device.hpp"

namespace jpo {

// The layers of a network with the shapes of their weights, without values. Not in an anonymous
// namespace because the folder is compiled as one source.
struct Layers {
  Layers(const NetworkSettings& settings, const NetworkShape& shape)
      : layout(shape, architecture_entry(settings.name).stacks_inputs),
        architecture(architecture_entry(settings.name)
                         .make({settings, layout, shape.observation.periodic}, weights)),
        head(make_head({settings, architecture->n_feature(), architecture->n_point(),
                        layout.n_appended(), shape.parameters},
                       weights)) {}

  InputLayout layout;
  WeightTable weights;
  std::unique_ptr<Architecture> architecture;
  std::unique_ptr<Head> head;
};

// All weights are in one flat tensor, and their gradients in another; layers get views of both. The
// optimizer, the hash and the reduction therefore work on one block of memory each.
struct Network::Parts {
  Parts(const NetworkSettings& settings, const NetworkShape& shape_in)
      : shape(shape_in),
        layers(settings, shape),
        rows(layers.layout, shape, settings.output_map),
        type(settings.precision == "double" ? torch::kFloat64 : torch::kFloat32),
        device(torch_device(shape.space)) {
    for (const WeightShape& weight : layers.weights) n_weight += weight.size();
    const auto options = torch::TensorOptions(type).device(device);
    flat = torch::zeros({n_weight}, options).requires_grad_();
    gradient = torch::zeros({n_weight}, options);
    make_views();
    const auto n = static_cast<std::size_t>(layers.layout.n_group());
    normalization = {std::vector<double>(n, 0.0), std::vector<double>(n, 1.0)};
    rows.set_normalization(normalization);
  }

  void make_views() {
    const torch::Tensor storage = flat.variable_data();
    std::int64_t first = 0;
    for (const WeightShape& weight : layers.weights) {
      torch::Tensor view = storage.narrow(0, first, weight.size()).view(weight.shape).detach();
      view.requires_grad_();
      view.mutable_grad() = gradient.narrow(0, first, weight.size()).view(weight.shape);
      views.push_back(view);
      first += weight.size();
    }
  }

  // U(-1, 1) / sqrt(fan_in) as in torch's own layers (Kaiming-uniform), but from jpo's generator.
  // The last layer is multiplied by output_spread.
  void draw_weights(std::uint64_t seed, double output_spread) {
    RandomStream stream(seed);
    std::vector<double> values;
    for (const WeightShape& weight : layers.weights) {
      double width = weight.fan_in > 0 ? 1.0 / std::sqrt(static_cast<double>(weight.fan_in)) : 0.0;
      if (weight.is_output) width *= output_spread;
      for (std::int64_t j = 0; j < weight.size(); ++j)
        values.push_back(width * stream.uniform(-1.0, 1.0));
    }
    set(values);
  }

  void set(std::span<const double> values) {
    const torch::NoGradGuard no_graph;
    // The cast is safe: copy_ only reads.
    flat.copy_(torch::from_blob(const_cast<double*>(values.data()), {n_weight}, torch::kFloat64));
  }

  struct Inputs {
    torch::Tensor stacked, appended;
  };

  // The network always runs at the full shape; the input of empty slots is zero.
  Inputs inputs(const CallSlots& call, const Batch& y, const Batch& c) const {
    const auto options = torch::TensorOptions(type).device(device);
    const InputLayout& layout = layers.layout;
    Inputs input = {torch::zeros({shape.micro_batch, layout.n_channel(), layout.n_grid()}, options),
                    torch::zeros({shape.micro_batch, layout.n_appended()}, options)};
    if (type == torch::kFloat64)
      rows.write_inputs(call, y, c, input.stacked.data_ptr<double>(),
                        input.appended.data_ptr<double>());
    else
      rows.write_inputs(call, y, c, input.stacked.data_ptr<float>(),
                        input.appended.data_ptr<float>());
    return input;
  }

  NetworkShape shape;
  Layers layers;
  NetworkRows rows;
  torch::ScalarType type;
  torch::Device device;
  std::int64_t n_weight = 0;
  /// All weights: the only parameter of the optimizer.
  torch::Tensor flat;
  /// Gradient of all weights; torch's backward adds to it.
  torch::Tensor gradient;
  /// The weights of each layer, in the memory of `flat`.
  std::vector<torch::Tensor> views;
  Normalization normalization;
  std::unique_ptr<torch::optim::Optimizer> optimizer;

  struct Graph {
    explicit Graph(MemorySpace space) : call(space) {}
    CallSlots call;
    /// Outputs with their graph [micro_batch, n_parameter].
    torch::Tensor z;
    /// The values of z in double.
    torch::Tensor values;
  };
  std::vector<Graph> graphs;
};

Network::Network(const NetworkSettings& settings, const NetworkShape& shape, std::uint64_t seed)
    : parts_(std::make_unique<Parts>(settings, shape)) {
  parts_->draw_weights(seed, settings.output_spread);
  set_optimizer({});
}
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;
Network::~Network() = default;

std::int64_t Network::n_weight() const {
  return parts_->n_weight;
}
MemorySpace Network::space() const {
  return parts_->shape.space;
}
std::int64_t Network::n_normalized() const {
  return parts_->layers.layout.n_group();
}
std::vector<std::int64_t> Network::normalized_group() const {
  return parts_->layers.layout.groups();
}
const Normalization& Network::normalization() const {
  return parts_->normalization;
}
void Network::set_normalization(const Normalization& normalization) {
  parts_->normalization = normalization;
  parts_->rows.set_normalization(normalization);
}

void Network::set_offsets(const std::vector<double>& offsets) {
  parts_->rows.set_offsets(offsets);
}

std::vector<std::string> Network::describe() const {
  std::vector<std::string> lines;
  for (const WeightShape& weight : parts_->layers.weights)
    lines.push_back(fmt::format("{}: [{}]", weight.name, fmt::join(weight.shape, ", ")));
  return lines;
}

void Network::predict(std::int64_t graph, const Batch& y, const Batch& c,
                      std::span<const std::int64_t> rows, Batch& m, std::int64_t first_row) {
  Parts& p = *parts_;
  const auto index = static_cast<std::size_t>(std::max<std::int64_t>(graph, 0));
  while (index >= p.graphs.size()) p.graphs.emplace_back(p.shape.space);
  const torch::AutoGradMode with_graph(graph != kNoGraph);
  Parts::Graph& kept = p.graphs[index];
  kept.call.assign(rows);
  const Parts::Inputs inputs = p.inputs(kept.call, y, c);
  const torch::Tensor features = p.layers.architecture->features(inputs.stacked, p.views);
  kept.z = p.layers.head->outputs(features, inputs.appended, p.views);
  kept.values = kept.z.detach().to(torch::kFloat64).contiguous();
  if (p.rows.has_offsets()) {
    kept.values = kept.values.clone();  // may be the memory of z
    p.rows.add_offsets(kept.call, kept.values.data_ptr<double>());
  }
  p.rows.write_answers(kept.call, kept.values.data_ptr<double>(), m, first_row);
}

void Network::backward(std::int64_t graph, const Batch& g, std::int64_t first_row,
                       std::span<double> gradient) {
  backward(graph, g, first_row);
  torch::from_blob(gradient.data(), {parts_->n_weight}, torch::kFloat64).copy_(parts_->gradient);
}

void Network::backward(std::int64_t graph, const Batch& g, std::int64_t first_row,
                       SpaceArray<double>& gradient) {
  assert(gradient.space() == space() && gradient.size() == n_weight());
  backward(graph, g, first_row);
  // torch and jpo's kernels use the default stream, which runs them one after the other.
  const Parts& p = *parts_;
  if (p.type == torch::kFloat64)
    p.rows.widen(p.gradient.data_ptr<double>(), p.n_weight, gradient.data());
  else
    p.rows.widen(p.gradient.data_ptr<float>(), p.n_weight, gradient.data());
}

// Computes Parts::gradient, in the memory of the weights.
void Network::backward(std::int64_t graph, const Batch& g, std::int64_t first_row) {
  Parts& p = *parts_;
  Parts::Graph& kept = p.graphs[graph];
  const torch::Tensor dz = torch::zeros_like(kept.values);
  p.rows.pull_back(kept.call, kept.values.data_ptr<double>(), g, first_row, dz.data_ptr<double>());
  p.gradient.zero_();
  kept.z.backward(dz.to(p.type));
  kept.z.reset();
}

void Network::set_optimizer(const OptimizerSettings& settings) {
  const std::vector<torch::Tensor> parameters = {parts_->flat};
  if (settings.name == "adamw")
    parts_->optimizer = std::make_unique<torch::optim::AdamW>(
        parameters, torch::optim::AdamWOptions(1.0)
                        .betas({settings.beta1, settings.beta2})
                        .eps(settings.epsilon)
                        .weight_decay(settings.weight_decay));
  else
    parts_->optimizer = std::make_unique<torch::optim::Adam>(
        parameters, torch::optim::AdamOptions(1.0)
                        .betas({settings.beta1, settings.beta2})
                        .eps(settings.epsilon)
                        .weight_decay(settings.weight_decay));
}

void Network::step(std::span<const double> gradient, double learning_rate) {
  Parts& p = *parts_;
  p.flat.mutable_grad() =
      torch::from_blob(const_cast<double*>(gradient.data()), {p.n_weight}, torch::kFloat64)
          .to(p.device, p.type);
  p.optimizer->param_groups().front().options().set_lr(learning_rate);
  p.optimizer->step();
}

std::vector<double> Network::weights() const {
  const torch::Tensor values = parts_->flat.detach().to(torch::kCPU, torch::kFloat64);
  return {values.data_ptr<double>(), values.data_ptr<double>() + parts_->n_weight};
}

void Network::set_weights(std::span<const double> weights) {
  parts_->set(weights);
}

namespace {

// State of Adam or AdamW for the block of weights: number of steps, running means of the gradient
// and of its square.
template <class State>
std::vector<double> moments_of(const torch::optim::OptimizerParamState& any) {
  const auto& state = dynamic_cast<const State&>(any);
  std::vector<double> values = {static_cast<double>(state.step())};
  for (const torch::Tensor& moment : {state.exp_avg(), state.exp_avg_sq()}) {
    const torch::Tensor doubles = moment.to(torch::kCPU, torch::kFloat64);
    values.insert(values.end(), doubles.data_ptr<double>(),
                  doubles.data_ptr<double>() + doubles.numel());
  }
  return values;
}

template <class State>
void set_moments(torch::optim::OptimizerParamState& any, std::span<double> values) {
  auto& state = dynamic_cast<State&>(any);
  state.step(static_cast<std::int64_t>(values[0]));
  double* next = values.data() + 1;
  for (torch::Tensor moment : {state.exp_avg(), state.exp_avg_sq()}) {
    moment.copy_(torch::from_blob(next, {moment.numel()}, torch::kFloat64));
    next += moment.numel();
  }
}

}  // namespace

void Network::archive(StateArchive& archive, const std::string& name) {
  Parts& p = *parts_;
  const bool is_adamw = dynamic_cast<torch::optim::AdamW*>(p.optimizer.get()) != nullptr;
  using torch::optim::AdamParamState;
  using torch::optim::AdamWParamState;
  std::vector<double> moments;
  if (!p.optimizer->state().empty()) {
    const auto& state = *p.optimizer->state().begin()->second;
    moments = is_adamw ? moments_of<AdamWParamState>(state) : moments_of<AdamParamState>(state);
  }
  std::vector<double> values = weights();
  archive.shared(name + "/weights", values);
  archive.shared(name + "/moments", moments);
  if (!archive.is_reading()) return;
  if (!moments.empty()) {
    // A step creates the state of the optimizer, with the key of this version of torch.
    step(std::vector<double>(static_cast<std::size_t>(p.n_weight)), 0.0);
    auto& state = *p.optimizer->state().begin()->second;
    if (is_adamw)
      set_moments<AdamWParamState>(state, moments);
    else
      set_moments<AdamParamState>(state, moments);
  }
  set_weights(values);
}

std::uint64_t Network::weight_hash() const {
  const torch::Tensor values = parts_->flat.detach().to(torch::kCPU);
  return hash_bytes({static_cast<const std::byte*>(values.data_ptr()),
                     static_cast<std::size_t>(values.nbytes())});
}

std::uint64_t Network::weight_mark() const {
  const torch::Tensor values = parts_->flat.detach();
  return parts_->type == torch::kFloat64
             ? hash_in_place(space(), values.data_ptr<double>(), n_weight())
             : hash_in_place(space(), values.data_ptr<float>(), n_weight());
}

std::int64_t count_weights(const NetworkSettings& settings, const NetworkShape& shape) {
  // Two integers per weight are summed in one all-reduce, whose count is an int.
  constexpr std::int64_t most = (std::int64_t{1} << 30U) - 1024;
  const Layers layers(settings, shape);
  std::int64_t n_weight = 0;
  for (const WeightShape& weight : layers.weights) n_weight += weight.size();
  if (n_weight > most)
    throw BadInput(
        fmt::format("section [network]: {} weights; allowed: at most {} (fewer hidden or channels)",
                    n_weight, most));
  return n_weight;
}

void start_network_library() {
  torch::set_num_threads(1);
  // On a device: reproducible matrix products, and full float precision instead of TF32.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  at::globalContext().setAllowTF32CuDNN(false);
  // OpenBLAS has its own threads, by default one per core, which torch does not control. They
  // change the bits and are slower for such small matrices. Other BLAS libraries lack this
  // function.
  using SetThreads = void (*)(int);
  if (const auto set_threads =
          reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
    set_threads(1);
  at::globalContext().setDeterministicAlgorithms(true, false);
}

LibraryVersion network_library_version() {
  return {"torch", TORCH_VERSION};
}

}  // namespace jpo
