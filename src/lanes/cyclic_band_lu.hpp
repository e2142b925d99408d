#pragma once
// LU factors of a symmetric, periodic matrix of half-bandwidth 2 or 3, for sweeps over interleaved
// states. The matrix is assembled in PETSc and factored here once, because PETSc's factors cannot
// be applied to n_lane interleaved right-hand sides at once.

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <petscmat.h>

#include "lanes/lanes.hpp"

namespace jpo {

template <int half_bandwidth>
class CyclicBandLu;

/// A = L U without pivoting, w = half_bandwidth. Rows 0 .. n-w-1 of L and U have w entries beside
/// the diagonal. The periodic corners fill the last w rows of L and columns of U (the border).
/// These entries decay from both ends inwards, and those below 1e-18 of the largest are dropped:
/// most rows of a sweep have band entries only. Has only numbers and pointers, for kernels.
template <int half_bandwidth>
class CyclicBandSweeps {
 public:
  /// Solves A z = r for one block. right_hand_side(i) returns row i as Lanes; it is called once for
  /// each i in ascending order. x [n][lane] is overwritten by result(i, z(i)), which is called in
  /// descending order. A is symmetric, so this also solves A^T z = r.
  template <class RightHandSide, class Result>
  JPO_KERNEL void solve(RightHandSide&& right_hand_side, double* x, Result&& result) const;
  /// The same with x = z.
  template <class RightHandSide>
  JPO_KERNEL void solve(RightHandSide&& right_hand_side, double* x) const {
    solve(
        right_hand_side, x,
        [](std::int64_t /*i*/, const Lanes& z) __attribute__((always_inline)) { return z; });
  }

 private:
  friend class CyclicBandLu<half_bandwidth>;
  static constexpr int kW = half_bandwidth;

  using Pointers = std::array<const double*, kW>;

  template <class RightHandSide>
  JPO_KERNEL [[gnu::always_inline]] inline void substitute_forward(RightHandSide&& right_hand_side,
                                                                   double* x,
                                                                   LaneList<kW>& border) const;
  template <class RightHandSide>
  JPO_KERNEL [[gnu::always_inline]] inline void solve_border(RightHandSide&& right_hand_side,
                                                             LaneList<kW>& border) const;
  template <class Result>
  JPO_KERNEL [[gnu::always_inline]] inline void substitute_back(const LaneList<kW>& border,
                                                                double* x, Result&& result) const;

  // Entries outside the matrix or in the rows and columns of the border are 0.
  /// n - w
  std::int64_t n_band_;
  /// Rows [0, head) have corner entries.
  std::int64_t head_;
  /// [k]: L(i, i-1-k) of the band rows.
  Pointers lower_;
  /// [k]: U(i, i+1+k) if column i+1+k belongs to the band.
  Pointers upper_;
  /// [k]: L(n_band+k, i), i < n_band+k.
  Pointers row_;
  /// [k]: U(i, n_band+k), i < n_band+k.
  Pointers column_;
  /// 1 / U(i, i).
  const double* inverse_diagonal_;
};

/// The factors, in one memory space.
template <int half_bandwidth>
class CyclicBandLu {
 public:
  /// Factors `matrix`, a sequential one with n >= 4 w rows, with O(n) work. Throws
  /// std::invalid_argument if it is not symmetric or has entries outside the cyclic band, or if L U
  /// differs from it by more than 1e-12 (relative).
  explicit CyclicBandLu(Mat matrix, MemorySpace space = MemorySpace::host);

  std::int64_t size() const { return n_; }
  /// Returns pointers into this object, valid while it exists.
  CyclicBandSweeps<half_bandwidth> sweeps() const;

 private:
  static constexpr int kW = half_bandwidth;
  using Columns = std::array<std::vector<double>, kW>;

  struct Matrix;
  static Matrix read(Mat matrix);
  void factor(const Matrix& a);
  void eliminate(std::int64_t pivot);
  void drop_negligible();
  void check_product(const Matrix& a) const;
  double lower_entry(std::int64_t i, std::int64_t j) const;
  double upper_entry(std::int64_t i, std::int64_t j) const;

  std::int64_t n_ = 0;
  std::int64_t n_band_ = 0;
  std::int64_t head_ = 0;
  // Same meaning as the members of CyclicBandSweeps.
  Columns lower_, upper_, row_, column_;
  std::vector<double> diagonal_, inverse_diagonal_;
  /// All factors, contiguous.
  KernelArray<double> stored_{MemorySpace::host};
};

template <int half_bandwidth>
template <class RightHandSide, class Result>
JPO_KERNEL void CyclicBandSweeps<half_bandwidth>::solve(RightHandSide&& right_hand_side, double* x,
                                                        Result&& result) const {
  LaneList<kW> border;
  substitute_forward(right_hand_side, x, border);
  solve_border(right_hand_side, border);
  unrolled<kW>([&](auto from_last) __attribute__((always_inline)) {
    constexpr Constant<kW - 1 - from_last> k;
    store(x + (n_band_ + k) * n_lane, result(n_band_ + k, border[k]));
  });
  substitute_back(border, x, result);
}

// Substitution with the band rows of L. On return, border has the sums that the border rows
// subtract.
template <int half_bandwidth>
template <class RightHandSide>
JPO_KERNEL void CyclicBandSweeps<half_bandwidth>::substitute_forward(
    RightHandSide&& right_hand_side, double* x, LaneList<kW>& border) const {
  // Local copies, because the compiler must assume that stores to x change the members.
  const Pointers lower = lower_;
  const Pointers row = row_;
  const std::int64_t n_band = n_band_;
  const std::int64_t head = head_;
  const std::int64_t tail = n_band - kW;  // the last w band rows have border entries again
  LaneList<kW> near;                      // [k]: the solution at i-1-k
  const auto band_row = [&](std::int64_t i) __attribute__((always_inline)) {
    Lanes value = right_hand_side(i);
    unrolled<kW>([&](auto k)
                     __attribute__((always_inline)) { value = value - lower[k][i] * near[k]; });
    store(x + i * n_lane, value);
    near.push_front(value);
  };
  const auto bordered_row = [&](std::int64_t i) __attribute__((always_inline)) {
    band_row(i);
    unrolled<kW>([&](auto k) __attribute__((always_inline)) {
      border.set(k, border[k] + row[k][i] * near.first);
    });
  };
  for (std::int64_t i = 0; i < head; ++i) bordered_row(i);
  for (std::int64_t i = head; i < tail; ++i) band_row(i);
  for (std::int64_t i = tail; i < n_band; ++i) bordered_row(i);
}

// Solves the last w rows. border: the sums to subtract on entry, the last w rows of z on return.
template <int half_bandwidth>
template <class RightHandSide>
JPO_KERNEL void CyclicBandSweeps<half_bandwidth>::solve_border(RightHandSide&& right_hand_side,
                                                               LaneList<kW>& border) const {
  unrolled<kW>([&](auto k) __attribute__((always_inline)) {
    Lanes value = right_hand_side(n_band_ + k) - border[k];
    unrolled<k>([&](auto j) __attribute__((always_inline)) {
      value = value - row_[k][n_band_ + j] * border[j];
    });
    border.set(k, value);
  });
  unrolled<kW>([&](auto from_last) __attribute__((always_inline)) {
    constexpr Constant<kW - 1 - from_last> k;
    Lanes value = border[k];
    unrolled<from_last>([&](auto j) __attribute__((always_inline)) {
      constexpr Constant<kW - 1 - j> later;
      value = value - column_[later][n_band_ + k] * border[later];
    });
    border.set(k, inverse_diagonal_[n_band_ + k] * value);
  });
}

// Substitution with the band rows of U.
template <int half_bandwidth>
template <class Result>
JPO_KERNEL void CyclicBandSweeps<half_bandwidth>::substitute_back(const LaneList<kW>& border,
                                                                  double* x,
                                                                  Result&& result) const {
  const Pointers upper = upper_;
  const Pointers column = column_;
  const double* inverse_diagonal = inverse_diagonal_;
  const std::int64_t n_band = n_band_;
  const std::int64_t head = head_;
  const std::int64_t tail = n_band - kW;
  LaneList<kW> near;  // [k]: z at i+1+k
  const auto finish = [&](std::int64_t i, const Lanes& value) __attribute__((always_inline)) {
    near.push_front(inverse_diagonal[i] * value);
    store(x + i * n_lane, result(i, near.first));
  };
  const auto band_back = [&](std::int64_t i) __attribute__((always_inline)) {
    Lanes value = load(x + i * n_lane);
    unrolled<kW>([&](auto k)
                     __attribute__((always_inline)) { value = value - upper[k][i] * near[k]; });
    return value;
  };
  const auto bordered_back = [&](std::int64_t i) __attribute__((always_inline)) {
    Lanes value = band_back(i);
    unrolled<kW>([&](auto k)
                     __attribute__((always_inline)) { value = value - column[k][i] * border[k]; });
    finish(i, value);
  };
  for (std::int64_t i = n_band - 1; i >= tail; --i) bordered_back(i);
  for (std::int64_t i = tail - 1; i >= head; --i) finish(i, band_back(i));
  for (std::int64_t i = head - 1; i >= 0; --i) bordered_back(i);
}

extern template class CyclicBandLu<2>;
extern template class CyclicBandLu<3>;

}  // namespace jpo
