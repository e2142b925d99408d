#pragma once
// Kernels of the exact sum for one entry. They give the same bits on the host and on a device.

#include <bit>
#include <cmath>
#include <cstdint>

#include "core/device/memory_space.hpp"

namespace jpo {

inline constexpr double kHighUnit = 0x1p-20;
inline constexpr double kLowUnit = 0x1p-64;
inline constexpr double kTermLimit = 0x1p22;

// 1.5 * 2^52: adding it to |x| < 2^51 rounds x to an integer, which is in the low bits of the sum.
inline constexpr double kRounder = 0x1.8p52;
inline constexpr std::int64_t kRounderBits = std::bit_cast<std::int64_t>(kRounder);

JPO_KERNEL inline std::int64_t integer_of(double shifted) {
  return std::bit_cast<std::int64_t>(shifted) - kRounderBits;
}

// Returns false if the term is refused. The comparison is false for NaN too.
JPO_KERNEL inline bool is_good(double term) {
  return std::abs(term) < kTermLimit;
}

JPO_KERNEL inline void add_exact(double x, std::int64_t& high, std::int64_t& low) {
  const double shifted_high = x * (1.0 / kHighUnit) + kRounder;
  const double rest = x - (shifted_high - kRounder) * kHighUnit;
  const double shifted_low = rest * (1.0 / kLowUnit) + kRounder;
  high += integer_of(shifted_high);
  low += integer_of(shifted_low);
}

// Returns high 2^-20 + low 2^-64. First the multiples of 2^44 in low are carried to high. The
// remainder of low is then exactly representable as a double.
JPO_KERNEL inline double combine(std::int64_t high, std::int64_t low) {
  constexpr std::int64_t low_per_high = std::int64_t{0x100000000000};
  high += low / low_per_high;
  low %= low_per_high;
  return static_cast<double>(high) * kHighUnit + static_cast<double>(low) * kLowUnit;
}

/// Adds term k and returns 0, or returns 1 if the term is refused. Without a branch, so that the
/// loop vectorizes.
struct AddExactly {
  const double* terms;
  std::int64_t* high;
  std::int64_t* low;
  JPO_KERNEL std::int64_t operator()(std::int64_t k) const {
    const double term = terms[k];
    const bool good = is_good(term);
    add_exact(good ? term : 0.0, high[k], low[k]);
    return good ? 0 : 1;
  }
};

/// The same for a sum of doubles.
struct AddPlainly {
  const double* terms;
  double* sum;
  JPO_KERNEL std::int64_t operator()(std::int64_t k) const {
    const double term = terms[k];
    const bool good = is_good(term);
    sum[k] += good ? term : 0.0;
    return good ? 0 : 1;
  }
};

struct Combine {
  const std::int64_t* high;
  const std::int64_t* low;
  double* total;
  JPO_KERNEL void operator()(std::int64_t k) const { total[k] = combine(high[k], low[k]); }
};

}  // namespace jpo
