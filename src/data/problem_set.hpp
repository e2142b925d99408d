#pragma once
// The problems of this rank: drawn from the model's prior by a seed, or a user's own
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

/// [data] of the deck.
struct DataSettings : Settings {
  std::string source = "generate";
  /// Path; only where the source is a file.
  std::string file;
  std::int64_t n_problem = 256;
  /// Deviation of the Gaussian noise on y.
  double noise = 0.0;
  /// Observations from the inversion's own discretization.
  bool inverse_crime = true;
  void describe(KeyTable& table) override;
  void check() const override;
  bool from_file() const { return source == "file"; }
};

/// Rows are the problems of this rank, in the order of their global ids.
struct ProblemSet {
  std::int64_t first_id = 0;
  std::int64_t n_global = 0;
  /// Problems in the file, of which n_global are taken; 0 if they are drawn.
  std::int64_t n_in_file = 0;
  /// [n_local, n_context], where the model works.
  Batch context;
  /// [n_local, n_observation], with noise; there, too.
  Batch observation;
  /// Some problem's may be known; the same on all ranks.
  bool has_truth = true;
  /// [n_local, n_parameter]; NaN if it is not known.
  Batch truth;
  /// So may the misfit at the truth; the same on all ranks.
  bool has_floor = true;
  /// That misfit as a file says it [n_local]; NaN: it does not.
  std::vector<double> floor;
  /// Of a generated set: of the solve at the truth [n_local]
  std::vector<SolveStatus> draw_status;
  /// Local rows with an observation and a context, ascending.
  std::vector<std::int64_t> usable;
};

/// Draws the problems of `shard`. `model` is the one that makes the observations (the finer one
/// where inverse_crime is false); at most solve_batch problems at once. Not collective. A draw that
/// does not solve keeps its NaN observation and its status.
ProblemSet generate_problems(const DataSettings& settings, std::uint64_t run_seed,
                             const Shard& shard, std::int64_t solve_batch, ForwardModel& model);

/// A hash of all observations and contexts, in hexadecimal digits; the same for any number of
/// ranks. Collective on comm.
std::string hash_problems(const ProblemSet& problems, MPI_Comm comm);

}  // namespace jpo
