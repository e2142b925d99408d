#pragma once
#include "solving/task.hpp"

namespace jpo {

/// Returns mean and standard deviation of the network's inputs over all usable problems of all
/// ranks. A zero deviation is returned as 1. With parallel.reduction = "exact" the bits are the
/// same for any number of ranks. Collective on task.comm.
Normalization input_statistics(const Network& network, const Task& task);

}  // namespace jpo
