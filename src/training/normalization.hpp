#pragma once
#include "solving/task.hpp"

namespace jpo {

/// Mean and deviation of the network's inputs over all usable problems of all ranks, summed
/// exactly: the same bits for any number of ranks. Collective on task.comm.
Normalization input_statistics(const Network& network, const Task& task);

}  // namespace jpo
