#pragma once
// One way of solving the set of problems. All methods ask the same Objective and count in a ledger.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mpi.h>

#include "core/batch.hpp"
#include "core/phase_timer.hpp"
#include "core/settings.hpp"
#include "inverse/objective.hpp"
#include "network/network.hpp"
#include "parallel/exact_sum.hpp"
#include "parallel/shard.hpp"

namespace jpo {

/// Why a method stopped working on a problem. Written to /methods/<name>/reason as an HDF5 enum.
enum class StopReason : std::int8_t {
  gradient_small = 1,      ///< TAO: the gradient met its tolerance
  step_small,              ///< TAO: the step or the change of the loss met its tolerance
  updates_done,            ///< joint: all updates done
  budget_reached,          ///< evaluations or seconds of the deck used up
  no_progress,             ///< joint: the mean loss stopped falling
  line_search_failed = 16, ///< TAO: no better point along the direction
  solver_stopped,          ///< TAO: another divergence of its own
  diverged_at_start,       ///< the first evaluation was not ok
  solve_diverged,          ///< from here on: no evaluation was ever ok; the last failure
  solver_failed,
  misfit_not_finite,
  gradient_not_finite,
  masked,
  no_observation,          ///< the draw of the problem itself did not solve
};
const std::vector<std::pair<std::string, std::int8_t>>& stop_reason_names();
StopReason stop_reason_of(Outcome failure);

/// One recorded point of a method's course; the same on all ranks.
struct History {
  struct Entry {
    std::int64_t iteration;
    double loss_mean;                ///< over the problems that counted
    std::array<double, 5> loss_quantiles;  ///< 5, 25, 50, 75, 95 % of the best so far
    double gradient_norm;            ///< of the mean loss with respect to the weights, before clipping
    std::int64_t failed;             ///< problems that did not count
    double gradient_evaluations;     ///< mean over all problems so far
    double learning_rate;
  };
  std::vector<Entry> entries;
};

struct TrainedNetwork {
  std::string settings_text;             ///< the resolved [network] section
  std::vector<std::string> layers;
  std::vector<double> weights;
  Normalization normalization;
};

/// What a method gives back; rows are this rank's problems.
struct MethodResult {
  MethodResult(std::int64_t n_problem, std::int64_t n_parameter);

  Batch parameters;                     ///< best m of each problem
  std::vector<double> loss;             ///< its loss; NaN where there is none
  std::vector<StopReason> reason;
  std::vector<std::int64_t> failed_evaluations;
  Ledger ledger;
  History history;
  std::optional<TrainedNetwork> network;
  double seconds = 0.0;
};

/// Progress of a method, for the screen. Called on every rank, prints on rank 0.
class Progress;

/// What a method works with.
struct Task {
  std::string name;                     ///< of the method, in the deck
  std::uint64_t seed;                   ///< of the run
  MPI_Comm comm;
  const Shard& shard;
  Objective& objective;
  Reduction reduction;
  const NetworkSettings& network;
  PhaseTimer& timer;
  const std::vector<StopReason>& unusable;  ///< per local problem: no_observation, or 0
  /// The result of an earlier method, by name; checked before the run.
  std::function<const MethodResult&(const std::string&)> earlier;
};

}  // namespace jpo
