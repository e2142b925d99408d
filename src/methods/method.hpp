#pragma once
// One way of solving the set of problems. All methods ask the same Objective and count in a ledger.

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mpi.h>

#include "core/batch.hpp"
#include "core/phase_timer.hpp"
#include "core/random.hpp"
#include "core/settings.hpp"
#include "inverse/objective.hpp"
#include "methods/interruptions.hpp"
#include "network/network.hpp"
#include "parallel/exact_sum.hpp"
#include "parallel/shard.hpp"

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

/// The misfit that solved problems come down to.
struct AttainableMisfit {
  bool is_known = false;
  double mean = 0.0;
  double deviation = 0.0;   ///< between problems: noise is louder in some
  double resolution = 0.0;  ///< misfits closer than this are the same

  /// A misfit at or below this says that the problem is solved, but for chance; -infinity where the
  /// level is not known.
  double solved_below(double deviations) const {
    return is_known ? mean + deviations * deviation + resolution
                    : -std::numeric_limits<double>::infinity();
  }
};

/// What a method works with.
struct Task {
  std::string name;    ///< of the method, in the deck
  std::uint64_t seed;  ///< of the run
  MPI_Comm comm;
  const Shard& shard;
  Objective& objective;
  Reduction reduction;
  const Transport& transport;  ///< of sums over comm
  const NetworkSettings& network;
  PhaseTimer& timer;
  std::span<const std::int64_t> usable;  ///< local rows that have an observation, ascending
  /// The result of an earlier method, by name; checked before the run.
  std::function<const MethodResult&(const std::string&)> earlier;
  /// Mean gradient evaluations a problem that an earlier method has cost, with those it started
  /// from. Collective.
  std::function<double(const std::string&)> earlier_evaluations;
  AttainableMisfit attainable;
  double loss_scale;      ///< the mean misfit at the centre of the box
  double loss_reference;  ///< L_ref: the median misfit at the centre of the box
  const Batch& truth;     ///< NaN where it is not known [n_local_problem, n_parameter]
  double noise;           ///< deviation of the noise on the observations, as the deck says
  Interruptions& interruptions;

  std::int64_t global_id(std::int64_t row) const { return shard.first_problem() + row; }
  /// Draws for one purpose of this method, of one local problem, at one point of its course.
  RandomStream stream(std::string_view purpose, std::int64_t counter, std::int64_t row) const {
    return RandomStream(
        stream_seed(stream_seed(seed, purpose, name, counter), "", "", global_id(row)));
  }
};

/// What a run gives a method that reads more than the deck.
struct RunInputs {
  const ModelShape& shape;
  std::string output;  ///< path of the run's own result file
  MPI_Comm comm;
  bool knows_truth;  ///< that of some problems, at least
};

/// Answers that a method keeps of its live solves, for checkpoints.
struct LiveAnswers {
  std::int64_t solves = 0;   ///< live at a time on a rank, at most
  std::int64_t answers = 0;  ///< of each, at most
};

/// A kind that [[method]] can name.
struct MethodKind {
  std::string name;
  std::string summary;
  std::function<std::unique_ptr<Settings>()> make_settings;
  /// Collective on task.comm. `settings` comes from make_settings of the same kind.
  std::function<MethodResult(const Settings& settings, const Task& task)> solve;
  /// Why a method of this name and settings cannot solve problems of this shape; empty where it
  /// can.
  std::function<std::string(const std::string& name, const Settings& settings,
                            const ModelShape& shape)>
      refusal = [](const std::string&, const Settings&, const ModelShape&) { return ""; };
  /// Reads what a method of this name and settings will read besides the deck, and throws BadInput
  /// (on all ranks) where it is missing or does not fit. Before any work. Collective on
  /// inputs.comm.
  std::function<void(const std::string& name, const Settings& settings, const RunInputs& inputs)>
      check_inputs = [](const std::string&, const Settings&, const RunInputs&) {};
  /// The network that such a method has read, not trained: what a checkpoint does not hold. Throws
  /// BadInput where it is not to be had. Collective on comm.
  std::function<TrainedNetwork(const std::string& name, const Settings& settings, MPI_Comm comm)>
      read_network = nullptr;
  bool trains_network = false;
  bool uses_tangent = false;  ///< of the model
  /// Networks that it holds at a time, where it trains any.
  std::function<std::int64_t(const Settings& settings)> networks = [](const Settings&) {
    return 1;
  };
  std::function<LiveAnswers(const Settings& settings)> live_answers = [](const Settings&) {
    return LiveAnswers{};
  };
  bool keeps_pairs_with_model = false;  ///< where the model works, not on the host
  /// Pairs (m, y) that it keeps of each problem, besides the problems themselves.
  std::function<std::int64_t(const Settings& settings)> kept_pairs = [](const Settings&) {
    return 0;
  };
};
const std::vector<MethodKind>& method_kinds();
const MethodKind& kind_of(const std::string& name);

MethodKind tao_kind();
MethodKind levenberg_marquardt_kind();
MethodKind supervised_kind();
MethodKind windows_kind();
MethodKind multi_start_kind();
MethodKind refine_kind();
MethodKind joint_kind();
MethodKind bank_kind();
MethodKind predict_kind();

}  // namespace jpo
