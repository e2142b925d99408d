#pragma once
// The problems of this rank: drawn from the model's prior, or read from a user's file
// (file_set.hpp).

#include <cstdint>
#include <string>
#include <vector>

#include <mpi.h>

#include "core/device/batch.hpp"
#include "core/settings.hpp"
#include "models/forward_model.hpp"
#include "parallel/shard.hpp"

namespace jpo {

/// Section [data] of the deck.
struct DataSettings : Settings {
  std::string source = "generate";
  /// Path; only if source is "file".
  std::string file;
  std::int64_t n_problem = 256;
  /// Standard deviation of the Gaussian noise of y.
  double noise = 0.0;
  /// True if the observations come from the discretization used for the inversion.
  bool inverse_crime = true;
  /// Reference misfit of "solved": auto, solve, truth or none.
  std::string reference = "auto";
  /// Budget of a reference solve in gradient evaluations per problem.
  std::int64_t reference_evaluations = 200;
  void describe(KeyTable& table) override;
  void check() const override;
  bool from_file() const { return source == "file"; }
};

/// The problems of this rank: one row per problem, in the order of their global ids.
struct ProblemSet {
  std::int64_t first_id = 0;
  std::int64_t n_global = 0;
  /// Number of problems in the file, of which n_global are used; 0 for a generated set.
  std::int64_t n_in_file = 0;
  /// [n_local, n_context], in the model's memory space.
  Batch context;
  /// [n_local, n_observation], with noise, in the model's memory space.
  Batch observation;
  /// False if no problem's truth is known; the same on all ranks.
  bool has_truth = true;
  /// [n_local, n_parameter], in host memory; NaN if unknown.
  Batch truth;
  /// True if the file has a start of its own for some problems; the same on all ranks.
  bool has_start = false;
  /// First start of all methods [n_local, n_parameter], in host memory: that of the file, or the
  /// model's centre.
  Batch start;
  /// False if no problem's misfit at the truth is known; the same on all ranks.
  bool has_floor = true;
  /// Misfit at the truth from the file [n_local]; NaN if unknown.
  std::vector<double> floor;
  /// Status of the solve at the truth [n_local]; only for a generated set.
  std::vector<SolveStatus> draw_status;
  /// Local rows without a valid observation, and without a valid context, ascending; only for a set
  /// from a file.
  std::vector<std::int64_t> bad_observation;
  std::vector<std::int64_t> bad_context;
  /// Local rows with a valid observation and context, ascending.
  std::vector<std::int64_t> usable;
};

/// Draws the problems of `shard` and computes their observations with `model` (the finer one if
/// inverse_crime is false), at most solve_batch problems per call. If a solve fails, the
/// observation is NaN and draw_status has the reason. Not collective.
ProblemSet generate_problems(const DataSettings& settings, std::uint64_t run_seed,
                             const Shard& shard, std::int64_t solve_batch, ForwardModel& model);

/// Returns the centre of the parameters for each of n problems, in host memory.
Batch centres(std::int64_t n, const ParameterSpace& space);

/// Returns a hash of all observations, contexts and starts of a file, in hexadecimal digits. It
/// does not depend on the number of ranks. Collective on comm.
std::string hash_problems(const ProblemSet& problems, MPI_Comm comm);

}  // namespace jpo
