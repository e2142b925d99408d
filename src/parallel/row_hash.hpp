#pragma once
#include <cstdint>
#include <span>

#include <mpi.h>

namespace jpo {

/// Returns a hash of this rank's rows [n_local, width], which begin at global row `first`. Its sum
/// over the ranks does not depend on the distribution of the rows. `seed` makes the hashes of
/// different tables differ. Not collective.
std::uint64_t hash_rows(std::span<const double> rows, std::int64_t n_local, std::int64_t first,
                        std::uint64_t seed);

/// Returns the sum of `hash` over the ranks, modulo 2^64. Collective on comm.
std::uint64_t reduce_hash(std::uint64_t hash, MPI_Comm comm);

}  // namespace jpo
