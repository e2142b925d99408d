#pragma once
#include <cstdint>
#include <span>

#include <mpi.h>

namespace jpo {

/// A hash of this rank's rows [n_local, width], which begin at global row `first`: sums of it over
/// the ranks are the same however the rows are cut. `seed` tells tables apart. Not collective.
std::uint64_t hash_rows(std::span<const double> rows, std::int64_t n_local, std::int64_t first,
                        std::uint64_t seed);

/// The sum over all ranks, modulo 2^64. Collective on comm.
std::uint64_t reduce_hash(std::uint64_t hash, MPI_Comm comm);

}  // namespace jpo
