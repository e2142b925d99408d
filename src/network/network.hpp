#pragma once
// The shared network N_theta: (y, c) -> m. Only this folder includes torch; this header does not.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/device/batch.hpp"
#include "core/device/space_array.hpp"
#include "core/device/state_archive.hpp"
#include "core/library_version.hpp"
#include "core/parameter_space.hpp"
#include "core/settings.hpp"
#include "network/architecture_settings.hpp"

namespace jpo {

/// [network] of the deck. Keys that belong to a single architecture are in `own`.
struct NetworkSettings : Settings {
  /// A registered architecture.
  std::string name = "cnn";
  /// float | double
  std::string precision = "float";
  /// relu | gelu | tanh
  std::string activation = "relu";
  // Convolutions: cnn, cnn2d, unet.
  std::vector<std::int64_t> channels = {32, 32, 32};
  std::int64_t kernel = 3;
  std::int64_t stride = 2;
  std::string padding = "auto";
  std::int64_t residual_blocks = 0;
  // The head: dense | pooled | soft_argmax.
  std::string head = "dense";
  std::vector<std::int64_t> hidden = {64};
  double temperature = 0.1;
  double reach = 1.0;
  double output_spread = 0.01;
  std::string output_map = "tanh";
  ArchitectureSettings own;
  void describe(KeyTable& table) override;
  void check() const override;
};

/// Input and output of the network.
struct NetworkShape {
  FieldLayout observation;
  FieldLayout context;
  ParameterSpace parameters;
  /// Slots of every call; calls with fewer problems are padded.
  std::int64_t micro_batch = 1;
  /// Memory space of the weights, the activations and the gradients.
  MemorySpace space = MemorySpace::host;
};

/// Mean and standard deviation of the network's inputs over the training set, for each group of
/// components: a group is a stacked channel or an appended component of y, then of c. A zero
/// deviation is stored as 1.
struct Normalization {
  std::vector<double> mean;
  std::vector<double> deviation;
};

struct OptimizerSettings {
  /// adam | adamw.
  std::string name = "adam";
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
};

/// A slot of a call without a problem: its input is zero and its answer is not used.
inline constexpr std::int64_t kEmptySlot = -1;

/// A prediction without a graph: no gradient can be computed from it.
inline constexpr std::int64_t kNoGraph = -1;

/// Numbers in memory per weight during training: weight, gradient, two moments, sums.
inline constexpr double kNumbersPerWeight = 8.0;

/// Returns the number of weights without creating the network. Throws BadInput with the key if the
/// network does not fit the shape or is too large.
std::int64_t count_weights(const NetworkSettings& settings, const NetworkShape& shape);

/// A network with its weights, the graphs of its last predictions, and its optimizer state. Every
/// rank holds the same weights and takes the same steps. Not collective. Uses one thread.
class Network {
 public:
  /// Draws the weights from `seed` with jpo's own generator: they are the same for every torch
  /// version. Throws BadInput with the key if the network does not fit the shape.
  Network(const NetworkSettings& settings, const NetworkShape& shape, std::uint64_t seed);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;
  ~Network();

  std::int64_t n_weight() const;
  MemorySpace space() const;
  /// Returns lines "weight name: shape" for the header of a run and for the result file.
  std::vector<std::string> describe() const;

  /// Returns the number of groups of Normalization.
  std::int64_t n_normalized() const;
  /// Returns the group of each component of y, then of c [n_observation + n_context].
  std::vector<std::int64_t> normalized_group() const;
  void set_normalization(const Normalization& normalization);
  const Normalization& normalization() const;

  /// From now on the outputs for row r of y and c are z + offsets[r]; `offsets` [row, n_parameter],
  /// empty: no offsets. See start_offsets.
  void set_offsets(const std::vector<double>& offsets);

  /// Predicts the answers of one call. Slot k holds row rows[k] of y and c, or is empty;
  /// rows.size() <= micro_batch. Answers are written without gaps for empty slots:
  /// m.row(first_row + j) = N_theta(y.row(r), c.row(r)), r the j-th entry that is not kEmptySlot.
  /// The bits of an answer depend on its slot, because matrix products round differently in each.
  /// They do not depend on the other slots: the same slot always gives the same bits.
  /// Keeps the graph for backward as number `graph` (0, 1, ...). With kNoGraph, keeps none and
  /// discards graph 0.
  void predict(std::int64_t graph, const Batch& y, const Batch& c,
               std::span<const std::int64_t> rows, Batch& m, std::int64_t first_row);
  /// Sets gradient [n_weight] = sum_j (dm_j/dtheta)^T g_j, for the answers m_j of the prediction
  /// `graph` and g_j = g.row(first_row + j). Frees the graph. If g is multiplied by a power of two,
  /// so is the result, bit for bit.
  void backward(std::int64_t graph, const Batch& g, std::int64_t first_row,
                std::span<double> gradient);
  /// The same for an array in the network's memory space, without a copy to the host. Returns
  /// before a device has finished; later work of the device waits for it.
  void backward(std::int64_t graph, const Batch& g, std::int64_t first_row,
                SpaceArray<double>& gradient);

  /// Sets the optimizer and resets its state.
  void set_optimizer(const OptimizerSettings& settings);
  /// Takes one optimizer step along `gradient` [n_weight].
  void step(std::span<const double> gradient, double learning_rate);

  /// Returns a flat copy of the weights in a fixed order; float values are exact in double.
  std::vector<double> weights() const;
  void set_weights(std::span<const double> weights);
  /// Returns a hash of the weights, computed on the host.
  std::uint64_t weight_hash() const;
  /// Returns another hash of the weights, computed in their memory space.
  std::uint64_t weight_mark() const;

  /// Serializes the weights and the state of the optimizer. Collective if the archive is.
  void archive(StateArchive& archive, const std::string& name);

 private:
  void backward(std::int64_t graph, const Batch& g, std::int64_t first_row);

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Sets torch and its BLAS to one thread and to deterministic algorithms. Call it once, before the
/// first network.
void start_network_library();
/// Returns name and version of the network's library (torch).
LibraryVersion network_library_version();

}  // namespace jpo
