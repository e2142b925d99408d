#pragma once
// L D L^T factors of a sparse, symmetric, positive definite matrix, kept for substitution sweeps
// over interleaved states. PETSc's own factor cannot be applied to sixteen interleaved right-hand
// sides at once: the operator and its nested-dissection ordering come from PETSc, and are factored
// here once.

#include <cstdint>
#include <vector>

#include <petscmat.h>

#include "models/lanes.hpp"

namespace jpo {

/// P A P^T = L D L^T, L unit lower triangular. L is kept twice, by rows for the sweep down and by
/// columns for the sweep up: both then gather into registers and store each unknown once.
class SparseCholesky {
 public:
  /// `matrix`: sequential AIJ. `ordering`: one of PETSc's. Throws std::invalid_argument where it is
  /// not symmetric or not positive definite, or where L D L^T misses it by more than 1e-12
  /// (relative to its largest entry).
  explicit SparseCholesky(Mat matrix, MatOrderingType ordering = MATORDERINGND);

  std::int64_t size() const { return n_; }
  /// Row of the matrix that is unknown k of solve().
  std::int64_t row_of(std::int64_t k) const { return order_[static_cast<std::size_t>(k)]; }

  /// Solves A x = r for one block, in the order of the factor: right_hand_side(k) gives entry
  /// row_of(k) as Lanes, called once for each k in ascending order; x [k][lane] is overwritten.
  /// A is symmetric: this is also A^T x = r.
  template <class RightHandSide>
  void solve(RightHandSide&& right_hand_side, double* x) const;

  /// Entries of L below its diagonal: a solve multiplies with each of them twice.
  std::int64_t n_nonzero() const { return static_cast<std::int64_t>(by_row_.value.size()); }
  /// Bytes of the factor that a solve reads.
  std::int64_t n_byte() const;

 private:
  struct Entries {
    std::vector<std::int64_t> begin;  ///< n + 1
    std::vector<std::int32_t> index;
    std::vector<double> value;
  };
  Entries permuted_lower(Mat matrix, MatOrderingType ordering);
  std::vector<std::int64_t> count_rows(const Entries& a, std::vector<std::int32_t>& parent) const;
  void factor(const Entries& a);
  void store_rows();
  void check_product(const Entries& a) const;

  std::int64_t n_ = 0;
  std::vector<std::int64_t> order_;
  Entries by_row_;
  Entries by_column_;
  std::vector<double> diagonal_;
  std::vector<double> inverse_diagonal_;
};

template <class RightHandSide>
void SparseCholesky::solve(RightHandSide&& right_hand_side, double* x) const {
  const auto subtract_row = [x](const Entries& l, std::int64_t k, Lanes sum)
      __attribute__((always_inline)) {
    for (std::int64_t e = l.begin[static_cast<std::size_t>(k)];
         e < l.begin[static_cast<std::size_t>(k + 1)]; ++e)
      sum = sum - l.value[e] * load(x + l.index[e] * n_lane);
    return sum;
  };
  for (std::int64_t k = 0; k < n_; ++k)
    store(x + k * n_lane, subtract_row(by_row_, k, right_hand_side(k)));
  for (std::int64_t k = n_ - 1; k >= 0; --k)
    store(x + k * n_lane, subtract_row(by_column_, k, inverse_diagonal_[k] * load(x + k * n_lane)));
}

}  // namespace jpo
