#pragma once
// LU factors of a symmetric, periodic, pentadiagonal matrix, kept for sweeps over interleaved
// states. PETSc's own factor cannot be applied to sixteen interleaved right-hand sides at once: the
// operator is assembled in PETSc, and factored here once.

#include <cstdint>
#include <vector>

#include <petscmat.h>

#include "models/lanes.hpp"

namespace jpo {

/// A = L U without pivoting. Rows 0 .. n-3 of L and U are two wide; the periodic corners fill the
/// last two rows of L and columns of U, from both ends inwards, and decay: entries below 1e-18 of
/// the largest are dropped, so that the middle of a sweep is pure band.
class CyclicBandLu {
 public:
  /// `matrix`: sequential, n >= 8 rows. Throws std::invalid_argument where it is not symmetric,
  /// not cyclic pentadiagonal, or where L U misses it by more than 1e-12 (relative).
  explicit CyclicBandLu(Mat matrix);

  std::int64_t size() const { return n_; }

  /// Solves A x = r for one block: right_hand_side(i) gives row i as Lanes, called once for each i
  /// in ascending order; x [n][lane] is overwritten. A is symmetric: this is also A^T x = r.
  template <class RightHandSide>
  void solve(RightHandSide&& right_hand_side, double* x) const;

  /// Entries of L and U that a sweep multiplies with, and divisions, per solve: for flop counts.
  std::int64_t n_nonzero() const { return 4 * (n_ - 2) + 4 * (head_ + 2) + 2; }

 private:
  void factor(std::vector<double>& a);
  void check_product(const std::vector<double>& a, const std::vector<double>& lu) const;

  std::int64_t n_ = 0;
  std::int64_t head_ = 0;                    ///< rows [0, head_) have corner entries
  std::vector<double> l1_, l2_;              ///< L(i, i-1), L(i, i-2) of the band rows
  std::vector<double> u1_, u2_;              ///< U(i, i+1), U(i, i+2) where these are band columns
  std::vector<double> row_p_, row_q_;        ///< L(n-2, i), L(n-1, i)
  std::vector<double> column_p_, column_q_;  ///< U(i, n-2), U(i, n-1)
  std::vector<double> inverse_diagonal_;
};

template <class RightHandSide>
void CyclicBandLu::solve(RightHandSide&& right_hand_side, double* x) const {
  const std::int64_t n_band = n_ - 2;
  const std::int64_t tail = n_band - 2;  // the last two band rows touch the border again
  Lanes before = lanes_of(0.0);          // x(i-1)
  Lanes before2 = before;                // x(i-2)
  Lanes sum_p = before;                  // what the border rows subtract
  Lanes sum_q = before;
  const auto band_row = [&](std::int64_t i) __attribute__((always_inline)) {
    const Lanes value = right_hand_side(i) - l1_[i] * before - l2_[i] * before2;
    store(x + i * n_lane, value);
    before2 = before;
    before = value;
  };
  const auto bordered_row = [&](std::int64_t i) __attribute__((always_inline)) {
    band_row(i);
    sum_p = sum_p + row_p_[i] * before;
    sum_q = sum_q + row_q_[i] * before;
  };
  for (std::int64_t i = 0; i < head_; ++i) bordered_row(i);
  for (std::int64_t i = head_; i < tail; ++i) band_row(i);
  for (std::int64_t i = tail; i < n_band; ++i) bordered_row(i);

  const Lanes right_p = right_hand_side(n_band) - sum_p;
  const Lanes right_q = right_hand_side(n_band + 1) - sum_q - row_q_[n_band] * right_p;
  const Lanes q = inverse_diagonal_[n_band + 1] * right_q;
  const Lanes p = inverse_diagonal_[n_band] * (right_p - column_q_[n_band] * q);
  store(x + (n_band + 1) * n_lane, q);
  store(x + n_band * n_lane, p);

  Lanes after = lanes_of(0.0);  // x(i+1), x(i+2) among the band rows
  Lanes after2 = after;
  const auto finish = [&](std::int64_t i, const Lanes& value) __attribute__((always_inline)) {
    after2 = after;
    after = inverse_diagonal_[i] * value;
    store(x + i * n_lane, after);
  };
  const auto band_back = [&](std::int64_t i) __attribute__((always_inline)) {
    return load(x + i * n_lane) - u1_[i] * after - u2_[i] * after2;
  };
  const auto bordered_back = [&](std::int64_t i) __attribute__((always_inline)) {
    finish(i, band_back(i) - column_p_[i] * p - column_q_[i] * q);
  };
  for (std::int64_t i = n_band - 1; i >= tail; --i) bordered_back(i);
  for (std::int64_t i = tail - 1; i >= head_; --i) finish(i, band_back(i));
  for (std::int64_t i = head_ - 1; i >= 0; --i) bordered_back(i);
}

}  // namespace jpo
