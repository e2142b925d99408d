#pragma once
#include "solving/task.hpp"

namespace jpo {

/// Quantiles and mean of the best losses in task.result, problems without an answer (failed), and
/// mean gradient evaluations so far. Collective on task.comm.
History::Entry best_so_far(const Task& task);

}  // namespace jpo
