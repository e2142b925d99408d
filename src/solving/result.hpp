#pragma once
// What a method gives back: the best answer of each problem, why its solve ended, and the method's
// course.

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

namespace jpo {

/// Why a method stopped working on a problem. Written to /methods/<name>/reason as an HDF5 enum.
enum class StopReason : std::int8_t {
  gradient_small = 1,       ///< TAO: the gradient met its tolerance
  step_small,               ///< TAO: the step or the change of the loss met its tolerance
  updates_done,             ///< joint: all updates done
  budget_reached,           ///< evaluations or seconds of the deck used up
  no_progress,              ///< joint: the mean loss stopped falling
  predicted,                ///< predict: the network's answer, nothing more was asked for
  line_search_failed = 16,  ///< TAO: no better point along the direction
  solver_stopped,           ///< TAO: another divergence of its own
  diverged_at_start,        ///< the first evaluation was not ok
  solve_diverged,           ///< from here on: no evaluation was ever ok; the last failure
  solver_failed,
  misfit_not_finite,
  gradient_not_finite,
  masked,
  no_observation,  ///< the draw of the problem itself did not solve
};
const std::vector<std::pair<std::string, std::int8_t>>& stop_reason_names();
StopReason stop_reason_of(Outcome failure);

/// Recorded points of a method's course; the same on all ranks.
struct History {
  struct Entry {
    static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    std::int64_t iteration = 0;
    double loss_mean = kNone;                ///< over the problems that counted
    std::array<double, 5> loss_quantiles{};  ///< 5, 25, 50, 75, 95 % of the best so far
    double gradient_norm =
        kNone;                ///< of the mean loss with respect to the weights, before clipping
    std::int64_t failed = 0;  ///< problems that did not count
    double gradient_evaluations = 0.0;  ///< mean over all problems so far
    double learning_rate = kNone;
    double clipped = kNone;  ///< share of the problems whose gradient was clipped
    double cosine = kNone;   ///< mean, between sampled problems' gradients and the joint one
    double signal_to_noise = kNone;  ///< |mean gradient|^2 over the sampled problems' variance
    double alignment = kNone;        ///< cosine with the gradient that pulls to the truth
  };
  std::vector<Entry> entries;
};

struct TrainedNetwork {
  NetworkSettings settings;         ///< what it was made by
  NetworkShape shape;               ///< what it maps between; answers fill its box
  std::vector<std::string> layers;  ///< "name: shape", in the order of the weights
  std::vector<double> weights;
  Normalization normalization;
  std::uint64_t hash = 0;  ///< of the weights' bytes
};
/// What a result keeps of `network`, made by `settings` for `shape`.
TrainedNetwork trained_network(const NetworkSettings& settings, const NetworkShape& shape,
                               const Network& network);

/// What a method gives back; rows are this rank's problems.
struct MethodResult {
  /// Starts with m at the centre and no loss (NaN). `memory`: where the answers come from.
  MethodResult(std::int64_t n_problem, const ParameterSpace& space,
               MemorySpace memory = MemorySpace::host);

  /// Keeps (m, loss) where it is ok and the best so far of local problem `row`; counts a failure.
  void record(std::int64_t row, std::span<const double> m, double loss, Outcome outcome);
  /// The same of all local problems `rows`, of which m.row(k) was evaluated.
  void record(std::span<const std::int64_t> rows, const Batch& m, const Evaluation& evaluation);

  /// Takes the best answers since the last call (or the start) out: rows of `m` where there were
  /// any, other rows stay.
  void take_recent(Batch& m);

  /// What it holds of one problem, but for its snapshots.
  std::vector<double> row(std::int64_t row) const;
  void set_row(std::int64_t row, std::span<const double> values);

  /// All of it but the network, the times and the reasons' texts.
  void archive(StateArchive& archive, const std::string& name);

  Batch parameters;              ///< best m of each problem
  std::vector<Batch> snapshots;  ///< answers on the way, oldest first: more starts for refine
  std::vector<double> loss;      ///< its loss; NaN where no evaluation was ok
  std::vector<StopReason> reason;
  std::vector<Outcome> last_failure;  ///< Outcome::ok where every evaluation was
  std::vector<std::int64_t> failed_evaluations;
  Ledger ledger;
  History history;
  std::optional<TrainedNetwork> network;
  double seconds = 0.0;
  std::array<double, n_phase> phases{};  ///< seconds of this rank, by phase

 private:
  /// Where answers that replace earlier ones come from, and where they go.
  struct Replaced {
    explicit Replaced(MemorySpace memory) : places(memory), rows(memory) {}
    std::vector<std::int64_t> place_list, row_list;
    RowList places, rows;
  };
  void replace(std::span<const std::int64_t> rows, const Batch& m, const Evaluation& evaluation,
               std::vector<double>& best, Batch& answers);
  bool count_failure(std::size_t k, Outcome outcome);

  Batch recent_;                     ///< best m since take_recent
  std::vector<double> recent_loss_;  ///< NaN where there was none
  Replaced replaced_;
};

}  // namespace jpo
