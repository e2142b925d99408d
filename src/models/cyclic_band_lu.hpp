#pragma once
// LU factors of a symmetric, periodic matrix of half-bandwidth 2 or 3, kept for sweeps over
// interleaved states. PETSc's own factor cannot be applied to sixteen interleaved right-hand sides
// at once: the operator is assembled in PETSc, and factored here once.

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <petscmat.h>

#include "models/lanes.hpp"

namespace jpo {

/// A = L U without pivoting, w = half_bandwidth. Rows 0 .. n-w-1 of L and U are w wide; the
/// periodic corners fill the last w rows of L and columns of U (the border), from both ends
/// inwards, and decay: entries below 1e-18 of the largest are dropped, so that the middle of a
/// sweep is pure band.
template <int half_bandwidth>
class CyclicBandLu {
 public:
  /// `matrix`: sequential, n >= 4 w rows. Throws std::invalid_argument where it is not symmetric,
  /// not of this cyclic band, or where L U misses it by more than 1e-12 (relative). O(n) work.
  explicit CyclicBandLu(Mat matrix);

  std::int64_t size() const { return n_; }

  /// Solves A z = r for one block: right_hand_side(i) gives row i as Lanes, called once for each i
  /// in ascending order; x [n][lane] is overwritten by result(i, z(i)), called in descending order.
  /// A is symmetric: this is also A^T z = r.
  template <class RightHandSide, class Result>
  void solve(RightHandSide&& right_hand_side, double* x, Result&& result) const;
  /// x = z.
  template <class RightHandSide>
  void solve(RightHandSide&& right_hand_side, double* x) const {
    solve(
        right_hand_side, x,
        [](std::int64_t /*i*/, const Lanes& z) __attribute__((always_inline)) { return z; });
  }

 private:
  static constexpr int kW = half_bandwidth;

  using Pointers = std::array<const double*, kW>;
  using Columns = std::array<std::vector<double>, kW>;
  static Pointers pointers(const Columns& values) {
    Pointers result{};
    unrolled<kW>([&](auto k) { result[k] = values[k].data(); });
    return result;
  }

  struct Matrix;
  static Matrix read(Mat matrix);
  void factor(const Matrix& a);
  void eliminate(std::int64_t pivot);
  void drop_negligible();
  void check_product(const Matrix& a) const;
  double lower_entry(std::int64_t i, std::int64_t j) const;
  double upper_entry(std::int64_t i, std::int64_t j) const;

  // Entries that lie outside the matrix or in the border's own place are 0.
  std::int64_t n_ = 0;
  std::int64_t n_band_ = 0;  ///< n - w
  std::int64_t head_ = 0;    ///< rows [0, head_) have corner entries
  Columns lower_;            ///< [k]: L(i, i-1-k) of the band rows
  Columns upper_;            ///< [k]: U(i, i+1+k) where this is a band column
  Columns row_;              ///< [k]: L(n_band+k, i), i < n_band+k
  Columns column_;           ///< [k]: U(i, n_band+k), i < n_band+k
  std::vector<double> diagonal_, inverse_diagonal_;
};

template <int half_bandwidth>
template <class RightHandSide, class Result>
void CyclicBandLu<half_bandwidth>::solve(RightHandSide&& right_hand_side, double* x,
                                         Result&& result) const {
  // Stores to x could be to anything: pointers of locals need not be loaded again after them.
  const Pointers lower = pointers(lower_), upper = pointers(upper_);
  const Pointers row = pointers(row_), column = pointers(column_);
  const double* inverse_diagonal = inverse_diagonal_.data();
  const std::int64_t n_band = n_band_;
  const std::int64_t head = head_;
  const std::int64_t tail = n_band - kW;  // the last w band rows touch the border again
  LaneList<kW> near;                      // [k]: the solution at i-1-k, later at i+1+k
  LaneList<kW> border;                    // what the border rows subtract, later the border of z
  const auto shift_in = [&](const Lanes& value) __attribute__((always_inline)) {
    unrolled<kW - 1>([&](auto k) __attribute__((always_inline)) {
      near.set(Constant<kW - 1 - k>{}, near[Constant<kW - 2 - k>{}]);
    });
    near.set(Constant<0>{}, value);
  };
  const auto band_row = [&](std::int64_t i) __attribute__((always_inline)) {
    Lanes value = right_hand_side(i);
    unrolled<kW>([&](auto k)
                     __attribute__((always_inline)) { value = value - lower[k][i] * near[k]; });
    store(x + i * n_lane, value);
    shift_in(value);
  };
  const auto bordered_row = [&](std::int64_t i) __attribute__((always_inline)) {
    band_row(i);
    unrolled<kW>([&](auto k) __attribute__((always_inline)) {
      border.set(k, border[k] + row[k][i] * near[Constant<0>{}]);
    });
  };
  for (std::int64_t i = 0; i < head; ++i) bordered_row(i);
  for (std::int64_t i = head; i < tail; ++i) band_row(i);
  for (std::int64_t i = tail; i < n_band; ++i) bordered_row(i);

  unrolled<kW>([&](auto k) __attribute__((always_inline)) {
    Lanes value = right_hand_side(n_band + k) - border[k];
    unrolled<k>([&](auto j) __attribute__((always_inline)) {
      value = value - row[k][n_band + j] * border[j];
    });
    border.set(k, value);
  });
  unrolled<kW>([&](auto from_last) __attribute__((always_inline)) {
    constexpr Constant<kW - 1 - from_last> k;
    Lanes value = border[k];
    unrolled<from_last>([&](auto j) __attribute__((always_inline)) {
      constexpr Constant<kW - 1 - j> later;
      value = value - column[later][n_band + k] * border[later];
    });
    border.set(k, inverse_diagonal[n_band + k] * value);
    store(x + (n_band + k) * n_lane, result(n_band + k, border[k]));
  });

  near = {};
  const auto finish = [&](std::int64_t i, const Lanes& value) __attribute__((always_inline)) {
    shift_in(inverse_diagonal[i] * value);
    store(x + i * n_lane, result(i, near[Constant<0>{}]));
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
