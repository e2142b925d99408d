#pragma once
// The problems of this rank from a file that anyone may have written (io/problem_file.hpp).

#include <mpi.h>

#include "data/problem_set.hpp"
#include "io/problem_file.hpp"

namespace jpo {

/// Sizes of the tables of settings.file, which fit the model and hold n_problem problems. Throws
/// BadInput, the same on all ranks, where they do not. Collective on comm.
ProblemFileSizes check_problem_file(const DataSettings& settings, const ModelShape& shape,
                                    MPI_Comm comm);

/// Reads the problems of `shard` from settings.file. A problem with a value in observation or
/// context that is no finite number, or too large to be squared, is not usable. Throws BadInput as
/// check_problem_file, where a rank cannot read, and before it allocates anything where the tables
/// do not fit the memory of its machine. Collective on comm.
ProblemSet read_problems(const DataSettings& settings, const Shard& shard, const ModelShape& shape,
                         MPI_Comm comm);

}  // namespace jpo
