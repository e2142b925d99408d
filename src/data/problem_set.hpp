#pragma once
// The problems of this rank: drawn from the model's prior by a seed.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/batch.hpp"
#include "core/settings.hpp"
#include "models/forward_model.hpp"
#include "parallel/shard.hpp"

namespace jpo {

/// [data] of the deck.
struct DataSettings : Settings {
  std::string source = "generate";
  std::int64_t n_problem = 256;
  double noise = 0.0;         ///< deviation of the Gaussian noise added to y
  bool inverse_crime = true;  ///< observations from the inversion's own discretization
  void describe(KeyTable& table) override;
};

/// Rows are the problems of this rank, in the order of their global ids.
struct ProblemSet {
  std::int64_t first_id = 0;
  std::int64_t n_global = 0;
  Batch context;                         ///< [n_local, n_context]
  Batch observation;                     ///< [n_local, n_observation], with noise
  Batch truth;                           ///< [n_local, n_parameter]
  std::vector<SolveStatus> draw_status;  ///< of the solve at the truth [n_local]
};

/// Draws the problems of `shard`. `model` is the one that makes the observations (the finer one
/// where inverse_crime is false); at most solve_batch problems at once. Not collective. A draw that
/// does not solve keeps its NaN observation and its status.
ProblemSet generate_problems(const DataSettings& settings, std::uint64_t run_seed,
                             const Shard& shard, std::int64_t solve_batch, ForwardModel& model);

}  // namespace jpo
