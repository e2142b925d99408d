#pragma once
// The one flat all-reduce, with the same bits for any grouping of the terms over ranks.
//
// A term x with |x| < 2^22 is split into two 64-bit integers, x = hi 2^-20 + lo 2^-64 (what is
// left, below 2^-65, is dropped). Integer sums are associative and up to 2^19 terms an entry cannot
// overflow, so the total does not depend on the number of ranks, their order, or MPI's algorithm.
// Terms are scaled by an agreed power of two beforehand (common_exponent), which is exact.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <mpi.h>

namespace jpo {

enum class Reduction : std::uint8_t { exact, fast };

/// Sums of `n_value` doubles and `n_count` integers over all ranks in one all-reduce.
/// Memory is allocated once; clear / add / reduce may be repeated.
class FlatSum {
 public:
  FlatSum(std::int64_t n_value, std::int64_t n_count, Reduction reduction);

  void clear();
  /// Adds terms to values [first, first + terms.size()). An entry that is not finite or not below
  /// 2^22 adds nothing and is counted in n_refused.
  void add(std::int64_t first, std::span<const double> terms);
  void count(std::int64_t which, std::int64_t n);

  /// Collective on comm. wait_seconds, reduce_seconds: time before the last rank arrived (a
  /// barrier) and of the transfer itself, added to what is there.
  struct Seconds {
    double wait = 0.0;
    double transfer = 0.0;
  };
  void reduce(MPI_Comm comm, Seconds& seconds);

  /// After reduce: the totals, the same bits on every rank.
  std::span<const double> values() const { return totals_; }
  std::int64_t counted(std::int64_t which) const;
  std::int64_t n_refused() const;  ///< terms refused on any rank

 private:
  Reduction reduction_;
  std::int64_t n_value_;
  std::int64_t n_count_;
  std::vector<std::int64_t> integers_;  ///< exact: hi [n_value], lo [n_value]; then counts, refused
  std::vector<double> plain_;           ///< fast: [n_value]
  std::vector<double> totals_;          ///< [n_value]
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
