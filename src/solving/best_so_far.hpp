#pragma once
#include <vector>

#include "solving/task.hpp"

namespace jpo {

/// Quantiles and mean of the best losses in task.result, problems without an answer (failed), and
/// mean gradient evaluations so far. Collective on task.comm.
History::Entry best_so_far(const Task& task);

/// One entry for each count of task.result.course, up to the last evaluation of any problem; counts
/// without a loss are left out, unless there is none with a loss: then one entry of NaN. The whole
/// method took `seconds`, of which an entry has the share that its evaluations are of all.
/// Collective on task.comm.
std::vector<History::Entry> entries_of_course(const Task& task, double seconds);

}  // namespace jpo
