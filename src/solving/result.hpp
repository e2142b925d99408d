#pragma once
// The result of a method: the best answer of each problem, the reason why its solve ended, and the
// method's history.

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/device/batch.hpp"
#include "core/phase_timer.hpp"
#include "inverse/objective.hpp"
#include "network/network.hpp"
#include "solving/loss_course.hpp"

namespace jpo {

/// Why a method stopped working on a problem. Written to /methods/<name>/reason as an HDF5 enum.
enum class StopReason : std::int8_t {
  /// TAO: the gradient met its tolerance.
  gradient_small = 1,
  /// TAO: the step or the change of the loss met its tolerance.
  step_small,
  /// All updates of a network, or all steps of a method, were made.
  updates_done,
  /// Evaluations or seconds of the deck are used up.
  budget_reached,
  /// Networks: the mean loss stopped falling.
  no_progress,
  /// The answer of a trained network, without further solves.
  predicted,
  /// TAO: no better point along the direction.
  line_search_failed = 16,
  /// TAO: another divergence.
  solver_stopped,
  /// The first evaluation was not ok.
  diverged_at_start,
  /// No evaluation was ok. This and the next four: the last failure.
  solve_diverged,
  solver_failed,
  misfit_not_finite,
  gradient_not_finite,
  masked,
  /// The problem's own forward solve failed when it was drawn.
  no_observation,
};
const std::vector<std::pair<std::string, std::int8_t>>& stop_reason_names();
StopReason stop_reason_of(Outcome failure);

/// Recorded points of a method's course; the same on all ranks.
struct History {
  struct Entry {
    static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    double iteration = 0.0;
    double loss_mean = kNone;
    double gradient_norm = kNone;
    double failed = kNone;
    double gradient_evaluations = kNone;
    double learning_rate = kNone;
    double clipped = kNone;
    double cosine = kNone;
    double signal_to_noise = kNone;
    double alignment = kNone;
    /// 5, 25, 50, 75, 95 % of the best losses so far.
    std::array<double, 5> loss_quantiles{};
    /// Since the start of the method. Not a column: it differs between equal runs.
    double seconds = kNone;
  };
  /// A dataset of the history; a new column is a field of Entry and a line in columns().
  struct Column {
    const char* name;
    double Entry::*value;
    const char* description;
  };
  /// All columns but loss_quantiles; all are dimensionless.
  static std::span<const Column> columns();

  std::vector<Entry> entries;

  static std::size_t numbers_per_entry() {
    return columns().size() + Entry().loss_quantiles.size() + 1;
  }
  void archive(StateArchive& archive, const std::string& name);
};

/// A network that can predict again.
struct TrainedNetwork {
  NetworkSettings settings;
  /// Inputs, and the box that the answers fill.
  NetworkShape shape;
  /// "name: shape", in the order of the weights.
  std::vector<std::string> layers;
  std::vector<double> weights;
  Normalization normalization;
  /// Hash of the weights' bytes.
  std::uint64_t hash = 0;
};
/// Copies the weights of `network`, made from `settings` for `shape`.
TrainedNetwork trained_network(const NetworkSettings& settings, const NetworkShape& shape,
                               const Network& network);

/// The result of a method; rows are this rank's problems.
struct MethodResult {
  /// Starts with m at the centre of the box and no loss (NaN). `memory` holds the answers.
  MethodResult(std::int64_t n_problem, const ParameterSpace& space,
               MemorySpace memory = MemorySpace::host);

  /// Numbers of a problem in memory, with the point of its last evaluation.
  static std::int64_t numbers_per_problem(std::int64_t n_parameter) { return 3 * n_parameter; }

  /// Keeps (m, loss) if it is ok and the best so far of local problem `row`; counts a failure.
  void record(std::int64_t row, std::span<const double> m, double loss, Outcome outcome);
  /// The same for all local problems `rows`; m.row(k) is the point evaluated for rows[k].
  void record(std::span<const std::int64_t> rows, const Batch& m, const Evaluation& evaluation);

  /// Moves the best answers since the last call (or the start) into `m`; rows without one keep
  /// their values.
  void take_improved(Batch& m);

  /// All values of one problem except its snapshots.
  std::vector<double> row(std::int64_t row) const;
  void set_row(std::int64_t row, std::span<const double> values);

  /// Everything except the network, the times and the reasons' texts.
  void archive(StateArchive& archive, const std::string& name);

  /// Best m of each problem.
  Batch parameters;
  /// Answers during the course, oldest first: further starts for refine.
  std::vector<Batch> snapshots;
  /// Misfit at `parameters`; NaN if no evaluation was ok.
  std::vector<double> loss;
  std::vector<StopReason> reason;
  /// Outcome::ok if every evaluation was ok.
  std::vector<Outcome> last_failure;
  std::vector<std::int64_t> failed_evaluations;
  Ledger ledger;
  History history;
  /// If a method sizes it, the loop makes the history from it.
  LossCourse course;
  std::optional<TrainedNetwork> network;
  /// Of all parts of an interrupted run.
  double seconds = 0.0;
  /// Seconds of this rank, by phase.
  std::array<double, n_phase> phases{};

 private:
  /// Slots of an evaluation whose points replace the answers of these rows.
  struct Replaced {
    explicit Replaced(MemorySpace memory) : slots(memory), rows(memory) {}
    std::vector<std::int64_t> slot_list, row_list;
    RowList slots, rows;
  };
  void replace(std::span<const std::int64_t> rows, const Batch& m, const Evaluation& evaluation,
               std::vector<double>& best, Batch& answers);
  bool count_failure(std::size_t k, Outcome outcome);

  /// Best m and loss since take_improved(); NaN if there is none.
  Batch recent_;
  std::vector<double> recent_loss_;
  Replaced replaced_;
};

}  // namespace jpo
