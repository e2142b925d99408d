#pragma once
// The one flat all-reduce, with the same bits for any grouping of the terms over ranks.
//
// A term x with |x| < 2^22 is split into two 64-bit integers, x = hi 2^-20 + lo 2^-64 (what is
// left, below 2^-65, is dropped). Integer sums are associative and up to 2^19 terms an entry cannot
// overflow, so the total does not depend on the number of ranks, their order, or MPI's algorithm.
// Terms are scaled by an agreed power of two beforehand (binary_exponent), which is exact.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <mpi.h>

#include "core/device/space_array.hpp"
#include "parallel/transport.hpp"

namespace jpo {

enum class Reduction : std::uint8_t { exact, fast };

/// Sums of many values, which may live on a device, of a few scalars, and of integers, over all
/// ranks in one all-reduce. Memory is allocated once; clear / add / reduce may be repeated.
class FlatSum {
 public:
  struct Sizes {
    std::int64_t n_value;
    std::int64_t n_count = 0;
    std::int64_t n_scalar = 0;
  };
  /// `space`: where the values are summed; scalars and counts stay on the host.
  FlatSum(const Sizes& sizes, Reduction reduction, MemorySpace space = MemorySpace::host);

  void clear();
  /// Adds terms[k] to value k. An entry that is not finite or not below 2^22 adds nothing and is
  /// counted in n_refused. On a device it returns before that is done; who changes the terms there
  /// does it later.
  void add(std::span<const double> terms);
  void add(const SpaceArray<double>& terms);
  /// The same for a scalar, always exactly.
  void add_scalar(std::int64_t which, double term);
  void count(std::int64_t which, std::int64_t n);

  /// Collective on transport.comm(). wait, transfer: seconds before the last rank arrived (a
  /// barrier) and of the transfer itself, added to what is there. The next sum starts with clear().
  struct Seconds {
    double wait = 0.0;
    double transfer = 0.0;
  };
  void reduce(const Transport& transport, Seconds& seconds);

  /// After reduce: the totals on the host, the same bits on every rank.
  std::span<const double> values() const {
    return {totals_.data(), static_cast<std::size_t>(sizes_.n_value)};
  }
  double scalar(std::int64_t which) const;
  std::int64_t counted(std::int64_t which) const;
  /// Terms refused on any rank.
  std::int64_t n_refused() const;

 private:
  void add_terms(MemorySpace space, const double* terms, std::int64_t n);
  void sum_integers(MemorySpace space, std::int64_t* integers, const Transport& transport);
  void combine_values(MemorySpace space, const std::int64_t* integers);
  void sum_doubles(const Transport& transport);

  Sizes sizes_;
  Reduction reduction_;
  /// Values that are summed exactly: all or none.
  std::int64_t n_exact_;
  /// Terms of values that were refused, hi and lo of the scalars, counts, terms of scalars that
  /// were refused.
  std::vector<std::int64_t> tail_;
  /// hi [n_exact], lo [n_exact], tail.
  SpaceArray<std::int64_t> integers_;
  /// Fast: [n_value]
  SpaceArray<double> plain_;
  /// [n_value]
  PinnedArray<double> totals_;
  // Of a sum on a device, made at its first reduction.
  /// Integers on the host, if MPI cannot read device memory.
  std::optional<PinnedArray<std::int64_t>> staged_;
  std::optional<SpaceArray<double>> device_totals_;
};

/// The smallest e with max_abs < 2^e; 0 for 0. Terms times 2^-e are below 1.
int binary_exponent(double max_abs);

/// Collective on comm: the maximum over ranks of each entry, in one all-reduce.
void reduce_max(std::span<double> values, MPI_Comm comm);

/// Collective on comm: the sum of every rank's `value`.
std::int64_t reduce_sum(std::int64_t value, MPI_Comm comm);

/// Collective on comm: every rank's rows [n_local, width] in rank order on all ranks (n_global
/// rows).
std::vector<double> gather_rows(std::span<const double> local, MPI_Comm comm);

}  // namespace jpo
