#pragma once
#include <cstdint>

#include <mpi.h>

namespace jpo {

/// Check and times of the all-reduce on these ranks.
struct ReduceTrial {
  /// True if the exact sum has the same bits as that of one rank in another order.
  bool has_same_bits = false;
  /// Number of values in the timed sums.
  std::int64_t n_value = 0;
  /// Time of the exact sum [s].
  double exact_seconds = 0.0;
  /// Time of MPI_Allreduce with as many doubles [s].
  double plain_seconds = 0.0;
};

/// Compares an exact sum over the ranks with that of one rank, and measures times. A time is the
/// median over repetitions of the slowest rank's. Returns the same on every rank. Collective on
/// comm.
ReduceTrial try_all_reduce(std::int64_t n_value, MPI_Comm comm);

}  // namespace jpo
