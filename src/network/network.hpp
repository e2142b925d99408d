#pragma once
// The shared network N_theta: (y, c) -> m. Only this folder sees torch; this header does not.

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

/// [network] of the deck. The keys of one architecture alone are in `own`.
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

/// What the network maps between.
struct NetworkShape {
  FieldLayout observation;
  FieldLayout context;
  ParameterSpace parameters;
  /// Rows of every call: smaller ones are padded to it.
  std::int64_t micro_batch = 1;
  /// Of the weights and all that is computed from them.
  MemorySpace space = MemorySpace::host;
};

/// Mean and deviation of the network's inputs over the training set, per input channel of y and
/// then c, or (mlp) per component of y and then c. A zero deviation is stored as 1.
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

/// A slot of a micro-batch without a problem: its input is zero and its answer is not used.
inline constexpr std::int64_t kEmptySlot = -1;

/// The prediction keeps no graph: no gradient can be computed from it.
inline constexpr std::int64_t kNoGraph = -1;

/// Numbers in memory of each weight in training: weight, gradient, two moments, sums.
inline constexpr double kNumbersPerWeight = 8.0;

/// Weights of the network, counted without making it. Throws BadInput, naming the key, where it
/// cannot be built for the shape or is too large.
std::int64_t count_weights(const NetworkSettings& settings, const NetworkShape& shape);

/// A network with its weights, its graphs of the last predictions, and its optimizer state.
/// Not collective: every rank holds the same weights and takes the same steps. One thread.
class Network {
 public:
  /// Weights are drawn from `seed` by jpo's own generator: the same with every torch version.
  /// Throws as count_weights.
  Network(const NetworkSettings& settings, const NetworkShape& shape, std::uint64_t seed);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;
  ~Network();

  std::int64_t n_weight() const;
  MemorySpace space() const;
  /// "layer name: shape" lines for the header of a run and the result file.
  std::vector<std::string> describe() const;

  /// The sizes that Normalization must have (mean.size()), and which of them each component of
  /// y and then c belongs to [n_observation + n_context].
  std::int64_t n_normalized() const;
  std::vector<std::int64_t> normalized_group() const;
  void set_normalization(const Normalization& normalization);
  const Normalization& normalization() const;

  /// Place p of the micro-batch holds row rows[p] of y and c, or is empty; rows.size() <=
  /// micro_batch. Answers are written one after the other, without the empty slots' ones:
  /// m.row(first_row + j) = N_theta(y.row(r), c.row(r)), r the j-th row that is no kEmptySlot.
  /// An answer's bits depend on its slot (matrix products round by it), never on the other slots:
  /// who gives a problem the same slot always gets the same bits.
  /// Keeps the graph in `slot` (0, 1, ...; grows on first use) for backward; none in kNoGraph.
  void predict(std::int64_t slot, const Batch& y, const Batch& c,
               std::span<const std::int64_t> rows, Batch& m, std::int64_t first_row);
  /// gradient = sum_j (dm_j/dtheta)^T g_j of the last predict in `slot`, with g_j = g.row(first_row
  /// + j) for its j-th answer; gradient [n_weight]. Frees the slot's graph. Linear bit for bit
  /// under powers of two.
  void backward(std::int64_t slot, const Batch& g, std::int64_t first_row,
                std::span<double> gradient);
  /// The same into memory of the network's own space, without a way through the host. Returns
  /// before a device is done; what is asked of the device later waits for it.
  void backward(std::int64_t slot, const Batch& g, std::int64_t first_row,
                SpaceArray<double>& gradient);

  void set_optimizer(const OptimizerSettings& settings);
  /// One optimizer step along `gradient` [n_weight].
  void step(std::span<const double> gradient, double learning_rate);

  /// Flat copies in a fixed order; floats are stored exactly.
  std::vector<double> weights() const;
  void set_weights(std::span<const double> weights);
  std::uint64_t weight_hash() const;
  /// Another hash of them, without a way through the host.
  std::uint64_t weight_mark() const;

  /// Weights and what the optimizer remembers of its steps. Collective where the archive is.
  void archive(StateArchive& archive, const std::string& name);

 private:
  void backward(std::int64_t slot, const Batch& g, std::int64_t first_row);

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// One thread for torch's loops; call once after start.
void start_network_library();
/// The library of this folder and its version.
LibraryVersion network_library_version();

}  // namespace jpo
