#pragma once
// L D L^T factors of a sparse, symmetric, positive definite matrix, kept for substitution sweeps
// over interleaved states. PETSc's own factor cannot be applied to sixteen interleaved right-hand
// sides at once: the operator and its nested-dissection ordering come from PETSc, and are factored
// here once.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <petscmat.h>

#include "models/lanes.hpp"

namespace jpo {

/// P A P^T = L D L^T, L unit lower triangular. Up to four neighbouring columns with the same
/// pattern below them form a panel: a sweep then loads an unknown once for all of them.
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
  void solve(RightHandSide&& right_hand_side, double* x) const {
    for (std::int64_t k = 0; k < n_; ++k) store(x + k * n_lane, right_hand_side(k));
    substitute(x);
  }

  /// Entries of L below its diagonal: a solve multiplies with each of them twice.
  std::int64_t n_nonzero() const { return n_nonzero_; }
  std::int64_t n_panel() const { return static_cast<std::int64_t>(panels_.size()); }
  /// Bytes of the factor that a solve reads, twice.
  std::int64_t n_byte() const;

 private:
  struct Entries {
    std::vector<std::int64_t> begin;  ///< n + 1
    std::vector<std::int32_t> index;
    std::vector<double> value;
  };
  /// L and D while they are computed and checked: columns, each with ascending rows.
  struct Factor {
    Entries columns;
    std::vector<double> diagonal;
  };
  /// Columns first .. first + width - 1 of L.
  struct Panel {
    std::int64_t first;
    std::int32_t width;
    std::int32_t n_row;       ///< rows below the panel
    std::size_t first_row;    ///< in rows_
    std::size_t first_value;  ///< in values_: rows of the triangle, then [n_row][width]
  };
  Entries permuted_lower(Mat matrix, MatOrderingType ordering);
  std::vector<std::int64_t> count_rows(const Entries& a, std::vector<std::int32_t>& parent) const;
  Factor factor(const Entries& a) const;
  void check_product(const Entries& a, const Factor& l) const;
  void store_panels(const Factor& l);
  void substitute(double* x) const;
  template <int width>
  void sweep_down(const Panel& panel, double* x) const;
  template <int width>
  void sweep_up(const Panel& panel, double* x) const;

  std::int64_t n_ = 0;
  std::int64_t n_nonzero_ = 0;
  std::vector<std::int64_t> order_;
  std::vector<Panel> panels_;
  std::vector<std::int64_t> rows_;  ///< offsets of unknowns in x
  std::vector<double> values_;
  std::vector<double> inverse_diagonal_;
};

}  // namespace jpo
