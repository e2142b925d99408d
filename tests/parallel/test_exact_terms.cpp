#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "core/device/kernel_launch.hpp"
#include "core/random.hpp"
#include "parallel/exact_terms.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kValue = 1000;

// Returns terms of both signs, from 2^-70 to just below the limit; also the ends of the range,
// halves of units, and terms that must be refused.
std::vector<double> terms() {
  RandomStream stream(5);
  std::vector<double> values(kValue);
  for (double& value : values)
    value = std::ldexp(2.0 * stream.uniform() - 1.0, static_cast<int>(stream.below(93)) - 70);
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> ends = {0.0,
                                    -0.0,
                                    0x1p-21,
                                    -0x1p-21,
                                    0x3p-21,
                                    0x1p-65,
                                    0x3p-65,
                                    -0x1p-66,
                                    0x1p22,
                                    -0x1p22,
                                    infinity,
                                    -infinity,
                                    NAN,
                                    0x1p-1074,
                                    0x1.fffffffffffffp21,
                                    -0x1.fffffffffffffp21};
  std::ranges::copy(ends, values.begin());
  return values;
}

struct Integers {
  std::vector<std::int64_t> high = std::vector<std::int64_t>(kValue, 3);
  std::vector<std::int64_t> low = std::vector<std::int64_t>(kValue, -5);
  std::int64_t n_refused = 7;
  bool operator==(const Integers&) const = default;
};

// Computes the integers by the rounding of the C library, to even, instead of the kernel's shifts.
Integers expected() {
  Integers integers;
  const std::vector<double> values = terms();
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (!(std::abs(values[k]) < 0x1p22)) {
      ++integers.n_refused;
      continue;
    }
    const double high = std::nearbyint(std::ldexp(values[k], 20));
    const double rest = values[k] - std::ldexp(high, -20);
    integers.high[k] += static_cast<std::int64_t>(high);
    integers.low[k] += static_cast<std::int64_t>(std::nearbyint(std::ldexp(rest, 64)));
  }
  return integers;
}

TEST(AddExactly, RoundsToTheNearestUnits) {
  const std::vector<double> values = terms();
  Integers integers;
  sum_over_indices(MemorySpace::host, kValue,
                   AddExactly{values.data(), integers.high.data(), integers.low.data()},
                   &integers.n_refused);
  EXPECT_EQ(integers, expected());
  EXPECT_EQ(integers.n_refused, 7 + 5);
}

// Adds as a device does: in any order, and the number of refused terms one by one.
TEST(AddExactly, HasTheSameBitsInAnyOrder) {
  const std::vector<double> values = terms();
  std::vector<std::int64_t> order(kValue);
  std::iota(order.begin(), order.end(), 0);
  RandomStream stream(6);
  for (std::size_t k = order.size(); k > 1; --k) std::swap(order[k - 1], order[stream.below(k)]);
  Integers integers;
  const AddToTotal<AddExactly, std::int64_t> kernel{
      {values.data(), integers.high.data(), integers.low.data()}, &integers.n_refused};
  for (const std::int64_t k : order) kernel(k);
  EXPECT_EQ(integers, expected());
}

TEST(AddPlainly, OmitsRefusedTerms) {
  const std::vector<double> values = {1.5, NAN, -0x1p22, 2.0};
  std::vector<double> sum = {1.0, 2.0, 3.0, 4.0};
  std::int64_t n_refused = 0;
  sum_over_indices(MemorySpace::host, 4, AddPlainly{values.data(), sum.data()}, &n_refused);
  EXPECT_EQ(sum, (std::vector<double>{2.5, 2.0, 3.0, 6.0}));
  EXPECT_EQ(n_refused, 2);
}

// Tests random pairs of integers, up to the size that a sum can have.
TEST(Combine, RoundsOnce) {
  RandomStream stream(7);
  for (int k = 0; k < 1000; ++k) {
    const auto high =
        static_cast<std::int64_t>(stream.below(std::uint64_t{1} << 42U)) - (std::int64_t{1} << 41U);
    const auto low =
        static_cast<std::int64_t>(stream.below(std::uint64_t{1} << 62U)) - (std::int64_t{1} << 61U);
    const long double exact = std::ldexp(static_cast<long double>(high), -20) +
                              std::ldexp(static_cast<long double>(low), -64);
    EXPECT_NEAR(combine(high, low), static_cast<double>(exact),
                2e-16 * std::abs(static_cast<double>(exact)));
  }
}

}  // namespace
}  // namespace jpo
