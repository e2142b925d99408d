#pragma once
// Sums over all ranks in one all-reduce, with the same bits for every distribution of the terms.
//
// A term x with |x| < 2^22 is split into two 64-bit integers, x = hi 2^-20 + lo 2^-64. The
// remainder, at most 2^-65, is dropped. Integer sums are associative, and up to 2^19 terms per
// entry cannot overflow. The total therefore does not depend on the number or order of ranks or on
// MPI's algorithm. The caller scales the terms by a common power of two first (binary_exponent).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <mpi.h>

#include "core/device/space_array.hpp"
#include "parallel/transport.hpp"

namespace jpo {

enum class Reduction : std::uint8_t { exact, fast };

/// Sums of many values, of a few scalars and of counts (integers) over all ranks in one all-reduce.
/// The values may be on a device. Memory is allocated once; clear, add and reduce may be repeated.
class FlatSum {
 public:
  struct Sizes {
    std::int64_t n_value;
    std::int64_t n_count = 0;
    std::int64_t n_scalar = 0;
  };
  /// `space`: memory space of the values. Scalars and counts are on the host.
  FlatSum(const Sizes& sizes, Reduction reduction, MemorySpace space = MemorySpace::host);

  void clear();
  /// Adds terms[k] to value k. A term that is not finite or not below 2^22 in size is refused: it
  /// is not added, but counted in n_refused. On a device the call returns before the work is done;
  /// later work there may change the terms.
  void add(std::span<const double> terms);
  void add(const SpaceArray<double>& terms);
  /// The same for a scalar. The sum is always exact.
  void add_scalar(std::int64_t which, double term);
  /// Adds n to a count.
  void count(std::int64_t which, std::int64_t n);

  /// Time of a reduction [s]: waiting in a barrier for the last rank, and the transfer itself.
  struct Seconds {
    double wait = 0.0;
    double transfer = 0.0;
  };
  /// Sums over the ranks and adds the times to `seconds`. Call clear() before the next sum.
  /// Collective on transport.comm().
  void reduce(const Transport& transport, Seconds& seconds);

  /// Returns the totals on the host after reduce(); the same bits on every rank.
  std::span<const double> values() const {
    return {totals_.data(), static_cast<std::size_t>(sizes_.n_value)};
  }
  double scalar(std::int64_t which) const;
  std::int64_t counted(std::int64_t which) const;
  /// Returns the number of refused terms; after reduce() that of all ranks.
  std::int64_t n_refused() const;

 private:
  void add_terms(MemorySpace space, const double* terms, std::int64_t n);
  void sum_integers(MemorySpace space, std::int64_t* integers, const Transport& transport);
  void combine_values(MemorySpace space, const std::int64_t* integers);
  void sum_doubles(const Transport& transport);

  Sizes sizes_;
  Reduction reduction_;
  /// sizes_.n_value if the reduction is exact, otherwise 0.
  std::int64_t n_exact_;
  /// Number of refused terms of values; hi, then lo of the scalars; counts; number of refused terms
  /// of scalars.
  std::vector<std::int64_t> tail_;
  /// hi [n_exact], lo [n_exact], tail.
  SpaceArray<std::int64_t> integers_;
  /// Sums of doubles [n_value]; only for Reduction::fast.
  SpaceArray<double> plain_;
  /// [n_value]
  PinnedArray<double> totals_;
  // Only for sums on a device; allocated in the first reduction.
  /// Integers on the host, if the transport does not take device memory.
  std::optional<PinnedArray<std::int64_t>> staged_;
  std::optional<SpaceArray<double>> device_totals_;
};

/// Returns the smallest e with max_abs < 2^e; 0 if max_abs is 0 or not finite. Terms times 2^-e are
/// below 1.
int binary_exponent(double max_abs);

/// Replaces each entry by its maximum over the ranks, in one all-reduce. Collective on comm.
void reduce_max(std::span<double> values, MPI_Comm comm);

/// Collective on comm: the maximum of every rank's `value`.
double reduce_max(double value, MPI_Comm comm);

/// Returns the sum of `value` over the ranks. Collective on comm.
std::int64_t reduce_sum(std::int64_t value, MPI_Comm comm);

/// Returns on all ranks the rows [n_local, width] of every rank, in rank order [n_global, width].
/// Collective on comm.
std::vector<double> gather_rows(std::span<const double> local, MPI_Comm comm);

}  // namespace jpo
