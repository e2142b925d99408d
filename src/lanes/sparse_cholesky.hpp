#pragma once
// L D L^T factors of a sparse, symmetric, positive definite matrix, for substitution sweeps over
// interleaved states. The matrix and its nested-dissection ordering come from PETSc. It is factored
// here once, because PETSc's factors cannot be applied to n_lane interleaved right-hand sides at
// once.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <petscmat.h>

#include "lanes/lanes.hpp"
#include "lanes/symbolic_cholesky.hpp"

namespace jpo {

class SparseCholesky;

/// P A P^T = L D L^T, with L unit lower triangular. Up to four neighbouring columns with the same
/// pattern below them form a panel: a sweep then loads an unknown once for all of them. Has only
/// numbers and pointers, for kernels.
class SparseCholeskySweeps {
 public:
  JPO_KERNEL std::int64_t size() const { return n_; }

  /// Solves A x = r for one block, in the order of the factor; x [k][lane] is overwritten.
  /// right_hand_side(k) returns entry SparseCholesky::row_of(k) of r as Lanes; it is called once
  /// for each k in ascending order. A is symmetric, so this also solves A^T x = r.
  template <class RightHandSide>
  JPO_KERNEL void solve(RightHandSide&& right_hand_side, double* x) const {
    for (std::int64_t k = 0; k < n_; ++k) store(x + k * n_lane, right_hand_side(k));
    substitute(x);
  }

 private:
  friend class SparseCholesky;
  static constexpr std::int32_t kWidest = 4;  // columns of a panel, limited by the registers

  /// Columns first .. first + width - 1 of L.
  struct Panel {
    std::int64_t first;
    std::int32_t width;
    /// Rows below the panel.
    std::int32_t n_row;
    /// Offset in rows_.
    std::int64_t first_row;
    /// Offset in values_: first the rows of the triangle, then [n_row][width].
    std::int64_t first_value;
  };
  JPO_KERNEL inline void substitute(double* x) const;
  template <int width>
  JPO_KERNEL void sweep_down(const Panel& panel, double* x) const;
  template <int width>
  JPO_KERNEL void sweep_up(const Panel& panel, double* x) const;

  std::int64_t n_;
  std::int64_t n_panel_;
  const Panel* panels_;
  /// Offsets of unknowns in x.
  const std::int64_t* rows_;
  const double* values_;
  const double* inverse_diagonal_;
};

/// The factors, in one memory space.
class SparseCholesky {
 public:
  /// Factors `matrix` (sequential AIJ) with one of PETSc's orderings. Throws std::invalid_argument
  /// if the matrix is not symmetric or not positive definite, or if L D L^T differs from it by more
  /// than 1e-12 (relative to its largest entry).
  explicit SparseCholesky(Mat matrix, MatOrderingType ordering = MATORDERINGND,
                          MemorySpace space = MemorySpace::host);

  std::int64_t size() const { return n_; }
  /// Returns the row of the matrix that is unknown k of a solve.
  std::int64_t row_of(std::int64_t k) const { return order_[k]; }
  /// Returns pointers into this object, valid while it exists.
  SparseCholeskySweeps sweeps() const;

  /// Number of entries of L below its diagonal. A solve multiplies with each of them twice.
  std::int64_t n_nonzero() const { return n_nonzero_; }
  /// Bytes of the factor. A solve reads them twice.
  std::int64_t n_byte() const;

 private:
  /// L and D during factorization and check: columns, each with ascending rows.
  struct Factor {
    SparseEntries columns;
    std::vector<double> diagonal;
  };
  using Panel = SparseCholeskySweeps::Panel;
  Factor factor(const SparseEntries& a) const;
  void check_product(const SparseEntries& a, const Factor& l) const;
  void store_panels(const Factor& l, MemorySpace space);

  std::int64_t n_ = 0;
  std::int64_t n_nonzero_ = 0;
  std::vector<std::int64_t> order_;
  // Same meaning as the members of the sweeps.
  KernelArray<Panel> panels_;
  KernelArray<std::int64_t> rows_;
  KernelArray<double> values_, inverse_diagonal_;
};

// Solves for x of the panel, then x below the panel -= L x of the panel.
template <int width>
JPO_KERNEL void SparseCholeskySweeps::sweep_down(const Panel& panel, double* x) const {
  const double* value = values_ + panel.first_value;
  double* own = x + panel.first * n_lane;
  const Lanes a = load(own);
  Lanes b = a, c = a, d = a;
  if constexpr (width > 1) store(own + n_lane, b = load(own + n_lane) - value[0] * a);
  if constexpr (width > 2)
    store(own + 2 * n_lane, c = load(own + 2 * n_lane) - value[1] * a - value[2] * b);
  if constexpr (width > 3)
    store(own + 3 * n_lane,
          d = load(own + 3 * n_lane) - value[3] * a - value[4] * b - value[5] * c);
  value += width * (width - 1) / 2;
  const std::int64_t* row = rows_ + panel.first_row;
  for (std::int32_t r = 0; r < panel.n_row; ++r, value += width) {
    double* at = x + row[r];
    Lanes sum = load(at) - value[0] * a;
    if constexpr (width > 1) sum = sum - value[1] * b;
    if constexpr (width > 2) sum = sum - value[2] * c;
    if constexpr (width > 3) sum = sum - value[3] * d;
    store(at, sum);
  }
}

// x of the panel = D^-1 x - L^T x below it, and the panel's own triangle.
template <int width>
JPO_KERNEL void SparseCholeskySweeps::sweep_up(const Panel& panel, double* x) const {
  const double* triangle = values_ + panel.first_value;
  const double* value = triangle + width * (width - 1) / 2;
  double* own = x + panel.first * n_lane;
  const auto scaled = [&](std::int64_t q) {
    return inverse_diagonal_[panel.first + q] * load(own + q * n_lane);
  };
  Lanes a = scaled(0);
  Lanes b = a, c = a, d = a;
  if constexpr (width > 1) b = scaled(1);
  if constexpr (width > 2) c = scaled(2);
  if constexpr (width > 3) d = scaled(3);
  const std::int64_t* row = rows_ + panel.first_row;
  for (std::int32_t r = 0; r < panel.n_row; ++r, value += width) {
    const Lanes below = load(x + row[r]);
    a = a - value[0] * below;
    if constexpr (width > 1) b = b - value[1] * below;
    if constexpr (width > 2) c = c - value[2] * below;
    if constexpr (width > 3) d = d - value[3] * below;
  }
  if constexpr (width > 3) {
    store(own + 3 * n_lane, d);
    c = c - triangle[5] * d;
    b = b - triangle[4] * d;
    a = a - triangle[3] * d;
  }
  if constexpr (width > 2) {
    store(own + 2 * n_lane, c);
    b = b - triangle[2] * c;
    a = a - triangle[1] * c;
  }
  if constexpr (width > 1) {
    store(own + n_lane, b);
    a = a - triangle[0] * b;
  }
  store(own, a);
}

JPO_KERNEL inline void SparseCholeskySweeps::substitute(double* x) const {
  for (std::int64_t p = 0; p < n_panel_; ++p) {
    const Panel& panel = panels_[p];
    switch (panel.width) {
      case 1:
        sweep_down<1>(panel, x);
        break;
      case 2:
        sweep_down<2>(panel, x);
        break;
      case 3:
        sweep_down<3>(panel, x);
        break;
      default:
        sweep_down<kWidest>(panel, x);
        break;
    }
  }
  for (std::int64_t p = n_panel_ - 1; p >= 0; --p) {
    const Panel& panel = panels_[p];
    switch (panel.width) {
      case 1:
        sweep_up<1>(panel, x);
        break;
      case 2:
        sweep_up<2>(panel, x);
        break;
      case 3:
        sweep_up<3>(panel, x);
        break;
      default:
        sweep_up<kWidest>(panel, x);
        break;
    }
  }
}

}  // namespace jpo
