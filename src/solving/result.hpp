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

/// Reason why a method ended its work on a problem; an HDF5 enum in /methods/<name>/reason.
enum class StopReason : std::int8_t {
  /// TAO: the gradient met its tolerance.
  gradient_small = 1,
  /// TAO: the step or the change of the loss met its tolerance.
  step_small,
  /// All updates of a network, or all steps of a method, were made.
  updates_done,
  /// The budget of evaluations or seconds is spent.
  budget_reached,
  /// Networks: the mean loss does not decrease any more. TAO: the solve cannot leave a point.
  no_progress,
  /// The answer of a trained network, without further solves.
  predicted,
  /// TAO: the line search found no better point.
  line_search_failed = 16,
  /// TAO: it diverged for another reason.
  solver_stopped,
  /// The first evaluation failed.
  diverged_at_start,
  /// All evaluations failed; this and the next four reasons give the last failure.
  solve_diverged,
  solver_failed,
  misfit_not_finite,
  gradient_not_finite,
  masked,
  /// The problem has no finite observation: its generation failed, or its file has other values.
  no_observation,
};
/// Returns the names and values of all reasons.
const std::vector<std::pair<std::string, std::int8_t>>& stop_reason_names();
/// Returns the reason of a problem whose last evaluation failed with `failure`.
StopReason stop_reason_of(Outcome failure);

/// Recorded progress of a method; the same on all ranks.
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
    /// 5, 25, 50, 75, 95 % quantiles of the best losses so far.
    std::array<double, 5> loss_quantiles{};
    /// Time since the start of the method [s]; not a column, because it differs between equal runs.
    double seconds = kNone;
  };
  /// A dataset of the history; a new column is a field of Entry and a line in columns().
  struct Column {
    const char* name;
    double Entry::*value;
    const char* description;
  };
  /// Returns all columns except loss_quantiles; all are dimensionless.
  static std::span<const Column> columns();

  std::vector<Entry> entries;

  static std::size_t numbers_per_entry() {
    return columns().size() + Entry().loss_quantiles.size() + 1;
  }
  void archive(StateArchive& archive, const std::string& name);
};

/// A trained network with everything that a prediction needs.
struct TrainedNetwork {
  NetworkSettings settings;
  /// Shapes of the inputs, and the box of the outputs.
  NetworkShape shape;
  /// "name: shape" of each layer, in the order of the weights.
  std::vector<std::string> layers;
  std::vector<double> weights;
  Normalization normalization;
  /// Hash of the weights' bytes.
  std::uint64_t hash = 0;
};
/// Copies `network`, which was made from `settings` for `shape`.
TrainedNetwork trained_network(const NetworkSettings& settings, const NetworkShape& shape,
                               const Network& network);

/// The result of a method; rows are this rank's problems.
struct MethodResult {
  /// Sets m to the centre of the box and the losses to NaN; the answers are in `memory`.
  MethodResult(std::int64_t n_problem, const ParameterSpace& space,
               MemorySpace memory = MemorySpace::host);

  /// Returns the number of doubles in memory per problem, with the point of its last evaluation.
  static std::int64_t numbers_per_problem(std::int64_t n_parameter) { return 3 * n_parameter; }

  /// From now on record() notes the cost of the first answer of each problem with a misfit of at
  /// most `limit` [n_problem]; NaN: the limit is not known. Methods do not read it.
  void set_solved_limit(std::span<const double> limit) {
    solved_limit_.assign(limit.begin(), limit.end());
  }

  /// Stores (m, loss) as the answer of local problem `row` if the evaluation is ok and the loss is
  /// the lowest so far; counts a failed evaluation.
  void record(std::int64_t row, std::span<const double> m, double loss, Outcome outcome);
  /// Does the same for all local problems `rows`; m.row(k) is the point evaluated for rows[k].
  void record(std::span<const std::int64_t> rows, const Batch& m, const Evaluation& evaluation);

  /// Moves the best points since the last call, or since the start, into `m`. Rows without a
  /// successful evaluation since then keep their values.
  void take_improved(Batch& m);

  /// Returns all values of one problem except its snapshots.
  std::vector<double> row(std::int64_t row) const;
  void set_row(std::int64_t row, std::span<const double> values);

  /// Writes or reads everything except the network and the phases.
  void archive(StateArchive& archive, const std::string& name);

  /// Best m of each problem.
  Batch parameters;
  /// Answers at some updates, oldest first; the method refine uses them as starts.
  std::vector<Batch> snapshots;
  /// Misfit at `parameters`; NaN if no evaluation was ok.
  std::vector<double> loss;
  std::vector<StopReason> reason;
  /// Outcome::ok if every evaluation was ok.
  std::vector<Outcome> last_failure;
  std::vector<std::int64_t> failed_evaluations;
  Ledger ledger;
  History history;
  /// Losses by number of evaluations. If it is not empty, the loop makes the history from it.
  LossCourse course;
  std::optional<TrainedNetwork> network;
  /// Gradient evaluations of each problem until its misfit was at most the limit; NaN if never.
  std::vector<double> evaluations_to_solved;
  /// Time since the start of the method at that moment [s]; NaN if never.
  std::vector<double> seconds_to_solved;
  /// Time of the method, in all parts of an interrupted run [s].
  double seconds = 0.0;
  /// Starts the clock of `seconds`.
  void start_clock() { counted_ = PhaseTimer::Clock::now(); }
  /// Adds the time since the last call, or since the start of the clock, to `seconds`.
  void count_seconds() {
    seconds += seconds_since(std::exchange(counted_, PhaseTimer::Clock::now()));
  }
  /// Time of each phase on this rank [s].
  std::array<double, n_phase> phases{};

 private:
  /// Slots of an evaluation, and the rows whose answers their points replace.
  struct Replaced {
    explicit Replaced(MemorySpace memory) : slots(memory), rows(memory) {}
    std::vector<std::int64_t> slot_list, row_list;
    RowList slots, rows;
  };
  void replace(std::span<const std::int64_t> rows, const Batch& m, const Evaluation& evaluation,
               std::vector<double>& best, Batch& answers);
  bool count_failure(std::size_t k, Outcome outcome);
  void note_if_solved(std::size_t k, double evaluated);

  /// Best m and loss since take_improved(); NaN if there is none.
  Batch recent_;
  std::vector<double> recent_loss_;
  Replaced replaced_;
  /// Largest misfit of a solved problem; NaN if not known.
  std::vector<double> solved_limit_;
  PhaseTimer::Clock::time_point counted_ = PhaseTimer::Clock::now();
};

}  // namespace jpo
