#pragma once
// Small dense blocks of n_row x n_column Lanes, of which one part at a time is in registers. Rows
// of Lanes are `stride` doubles apart in memory. Sums run over k in ascending order for every tile
// size, so that the bits do not depend on the size.

#include <cstdint>

#include "lanes/lanes.hpp"

namespace jpo {

template <int n_row, int n_column>
struct Tile {
  LanePart sum[n_row][n_column];

  /// body(r, c), both Constant, for every entry.
  template <class Body>
  JPO_KERNEL [[gnu::always_inline]] static void for_each(Body&& body) {
    unrolled<n_row>([&](auto r) __attribute__((always_inline)) {
      unrolled<n_column>([&](auto c) __attribute__((always_inline)) { body(r, c); });
    });
  }
  /// sum -= a b^T over the first n columns of n_row rows at a and n_column rows at b.
  JPO_KERNEL [[gnu::always_inline]] void subtract(const double* a, std::int64_t a_stride,
                                                  const double* b, std::int64_t b_stride,
                                                  std::int64_t n) {
    for (std::int64_t k = 0; k < n; ++k, a += n_lane, b += n_lane) {
      LanePart left[n_row];
      unrolled<n_row>([&](auto r) __attribute__((always_inline)) {
        left[r] = load_part(a + r * a_stride);
      });
      unrolled<n_column>([&](auto c) __attribute__((always_inline)) {
        const LanePart right = load_part(b + c * b_stride);
        unrolled<n_row>([&](auto r) __attribute__((always_inline)) {
          sum[r][c] = sum[r][c] - left[r] * right;
        });
      });
    }
  }
  /// sum = sum L^-T, with L the n_column x n_column lower triangle at `triangle`, whose diagonal
  /// stores inverses.
  JPO_KERNEL [[gnu::always_inline]] void solve(const double* triangle, std::int64_t stride) {
    unrolled<n_column>([&](auto c) __attribute__((always_inline)) {
      unrolled<n_row>([&](auto r) __attribute__((always_inline)) {
        unrolled<c>([&](auto s) __attribute__((always_inline)) {
          sum[r][c] = sum[r][c] - sum[r][s] * load_part(triangle + c * stride + s * n_lane);
        });
        sum[r][c] = sum[r][c] * load_part(triangle + c * stride + c * n_lane);
      });
    });
  }
};

/// body(n), n as a Constant, for 1 <= n <= most.
template <int most, class Body>
JPO_KERNEL [[gnu::always_inline]] inline void with_constant(std::int64_t n, Body&& body) {
  if constexpr (most > 1) {
    if (n < most) {
      with_constant<most - 1>(n, body);
      return;
    }
  }
  body(Constant<most>{});
}

/// body(first, n), n as a Constant, for pieces of the indices begin .. end - 1. Each piece has
/// `most` indices; the last one may be shorter.
template <int most, class Body>
JPO_KERNEL [[gnu::always_inline]] inline void in_pieces(std::int64_t begin, std::int64_t end,
                                                        Body&& body) {
  for (; begin + most <= end; begin += most) body(begin, Constant<most>{});
  if (begin < end)
    with_constant<most>(
        end - begin, [&](auto n) __attribute__((always_inline)) { body(begin, n); });
}

}  // namespace jpo
