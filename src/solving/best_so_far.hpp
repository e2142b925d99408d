#pragma once
#include <vector>

#include "solving/task.hpp"

namespace jpo {

/// Returns quantiles and mean of the best losses in task.result, the number of problems without an
/// answer (failed), and the mean number of gradient evaluations so far. Collective on task.comm.
History::Entry best_so_far(const Task& task);

/// Returns one entry for each count of task.result.course, up to the last evaluation of any
/// problem. Counts without a loss are left out; if all are, there is one entry with NaN. `seconds`
/// is the time of the whole method; an entry gets a share of it in proportion to its evaluations.
/// Collective on task.comm.
std::vector<History::Entry> entries_of_course(const Task& task, double seconds);

}  // namespace jpo
