#pragma once
#include <cstdint>

#include <mpi.h>

namespace jpo {

/// How the all-reduce of a run does on these ranks.
struct ReduceTrial {
  /// As a sum by one rank, in another order.
  bool has_same_bits = false;
  /// That were timed.
  std::int64_t n_value = 0;
  /// Of the exact sum.
  double exact_seconds = 0.0;
  /// Of MPI_Allreduce on as many doubles.
  double plain_seconds = 0.0;
};

/// Sums terms of all sizes exactly, compares, and takes times: medians of the slowest rank's. The
/// same on every rank. Collective on comm.
ReduceTrial try_all_reduce(std::int64_t n_value, MPI_Comm comm);

}  // namespace jpo
