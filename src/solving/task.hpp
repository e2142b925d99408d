#pragma once
// The input of a method: the problems of this rank, the ranks that solve them together, and the
// results of earlier methods.

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
#include "solving/result.hpp"

namespace jpo {

/// The level of the misfits of solved problems.
struct AttainableMisfit {
  bool is_known = false;
  double mean = 0.0;
  /// Standard deviation of the level between problems, due to their noise.
  double deviation = 0.0;
  /// Misfits that differ by less count as equal.
  double resolution = 0.0;

  /// Returns the largest misfit of a solved problem; -infinity if the level is not known.
  double solved_below(double deviations) const {
    return is_known ? mean + deviations * deviation + resolution
                    : -std::numeric_limits<double>::infinity();
  }
};

/// Typical misfits of the set of problems.
struct MisfitLevels {
  AttainableMisfit attainable;
  /// Mean misfit at the start.
  double mean_at_centre = 0.0;
  /// L_ref: median misfit at the start.
  double reference = 0.0;
};

/// Kind and transport of the sums over ranks.
struct Sums {
  Reduction reduction = Reduction::exact;
  const Transport& transport;
};

/// Methods of the deck that are done, by name.
struct EarlierMethods {
  /// Returns the result of a method; the name must be that of an earlier one.
  std::function<const MethodResult&(const std::string&)> result;
  /// Returns the mean number of gradient evaluations per problem of a method, including the
  /// earlier methods that provided its starts. Collective.
  std::function<double(const std::string&)> evaluations;
};

/// The input of a method, and its result.
struct Task {
  /// Name of the method in the deck.
  std::string name;
  /// Seed of the run.
  std::uint64_t seed = 0;
  MPI_Comm comm = MPI_COMM_NULL;
  const Shard& shard;
  Sums sums;
  Objective& objective;
  /// Local rows that have an observation, ascending.
  std::span<const std::int64_t> usable;
  /// Best answers and counts so far, which the method fills.
  MethodResult& result;
  MisfitLevels levels;
  EarlierMethods earlier;
  const NetworkSettings& network;
  PhaseTimer& timer;
  /// True parameters of the problems [n_local_problem, n_parameter]; NaN if unknown.
  const Batch& truth;
  /// Start of each problem [n_local_problem, n_parameter]; null: the centre for all of them. The
  /// result's parameters are these starts at first.
  const Batch* start = nullptr;
  /// Standard deviation of the noise on the observations, from the deck.
  double noise = 0.0;

  std::int64_t global_id(std::int64_t row) const { return shard.first_problem() + row; }
  /// Returns a random stream for one purpose of this method, one local problem and one value of a
  /// counter.
  RandomStream stream(std::string_view purpose, std::int64_t counter, std::int64_t row) const {
    return RandomStream(
        stream_seed(stream_seed(seed, purpose, name, counter), "", "", global_id(row)));
  }
};

}  // namespace jpo
