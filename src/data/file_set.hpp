#pragma once
// Reads the problems of this rank from a user's file (io/problem_file.hpp).

#include <mpi.h>

#include "data/problem_set.hpp"
#include "io/problem_file.hpp"

namespace jpo {

/// Returns the sizes of the tables of settings.file. Throws BadInput, the same on all ranks, if
/// they do not fit the model or have fewer than n_problem rows. Collective on comm.
ProblemFileSizes check_problem_file(const DataSettings& settings, const ModelShape& shape,
                                    MPI_Comm comm);

/// Reads the problems of `shard` from settings.file. A problem is not usable if a value of its
/// observation or context is missing, not finite, or so large that sums of squares could overflow.
/// Throws BadInput, the same on all ranks, if check_problem_file would throw, if a rank cannot read
/// the file, or if the tables exceed the available memory of a machine. The memory is checked
/// before it is allocated. Collective on comm.
ProblemSet read_problems(const DataSettings& settings, const Shard& shard, const ModelShape& shape,
                         MPI_Comm comm);

}  // namespace jpo
