#pragma once
#include <array>

#include "solving/task.hpp"

namespace jpo {

/// 5, 25, 50, 75, 95 % of the best losses so far of all ranks' problems; those without one are left
/// out. Collective on comm.
std::array<double, 5> best_loss_quantiles(const MethodResult& result, MPI_Comm comm);

/// A point of the course of a method that is not a network's: quantiles and mean of the best losses
/// so far. Collective on task.comm.
History::Entry best_so_far(std::int64_t iteration, const MethodResult& result, const Task& task);

}  // namespace jpo
