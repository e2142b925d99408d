#pragma once
// What a method works with: the problems of this rank, what they may cost, and the earlier methods'
// results.

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <mpi.h>

#include "core/device/batch.hpp"
#include "core/phase_timer.hpp"
#include "core/random.hpp"
#include "inverse/objective.hpp"
#include "network/network.hpp"
#include "parallel/exact_sum.hpp"
#include "parallel/shard.hpp"
#include "solving/interruptions.hpp"
#include "solving/result.hpp"

namespace jpo {

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

}  // namespace jpo
