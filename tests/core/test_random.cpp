#include <cmath>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "core/hash.hpp"
#include "core/random.hpp"

namespace jpo {
namespace {

// Test vectors published with Random123 (kat_vectors, philox4x32-10).
TEST(Philox, MatchesPublishedVectors) {
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// Compares with quantiles of standard tables, and inverts the quantile by erfc.
TEST(Normal, QuantileInvertsTheDistribution) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(0.5), 0.0, 1e-16);
  for (const double p : {1e-300, 1e-20, 1e-6, 0.01, 0.07, 0.08, 0.3, 0.6, 0.92, 0.93, 0.999}) {
    const double x = normal_quantile(p);
    EXPECT_NEAR(0.5 * std::erfc(-x / std::sqrt(2.0)) / p, 1.0, 2e-12 * (1.0 + x * x)) << p;
  }
  EXPECT_EQ(normal_quantile(0.25), -normal_quantile(0.75));
}

TEST(RandomStream, MomentsOfManyNormals) {
  RandomStream stream(12);
  constexpr int n = 200000;
  double mean = 0.0, square = 0.0, fourth = 0.0;
  for (int k = 0; k < n; ++k) {
    const double x = stream.normal();
    mean += x / n;
    square += x * x / n;
    fourth += x * x * x * x / n;
  }
  // The tolerance is five standard errors of each moment.
  EXPECT_NEAR(mean, 0.0, 5.0 / std::sqrt(n));
  EXPECT_NEAR(square, 1.0, 5.0 * std::sqrt(2.0 / n));
  EXPECT_NEAR(fourth, 3.0, 5.0 * std::sqrt(96.0 / n));
}

TEST(RandomStream, BelowIsInRangeAndUnbiased) {
  RandomStream stream(3);
  std::vector<int> count(7);
  for (int k = 0; k < 70000; ++k) ++count.at(stream.below(7));
  for (const int n : count) EXPECT_NEAR(n, 10000, 5.0 * std::sqrt(10000.0));
}

TEST(RandomStream, UniformNumbersAreCentredInTheirCells) {
  RandomStream numbers(5), bits(5);
  for (int k = 0; k < 10; ++k)
    EXPECT_EQ(numbers.uniform(), std::ldexp(static_cast<double>(bits.bits() >> 12U) + 0.5, -52));
}

TEST(RandomStream, UniformNumbersFillTheInterval) {
  RandomStream stream(6);
  std::vector<int> count(10);
  for (int k = 0; k < 100000; ++k)
    ++count.at(static_cast<std::size_t>(10.0 * (stream.uniform(2.0, 3.0) - 2.0)));
  for (const int n : count) EXPECT_NEAR(n, 10000, 5.0 * std::sqrt(10000.0));
}

TEST(RandomStream, DoesNotRepeatItself) {
  RandomStream stream(7);
  std::set<std::uint64_t> seen;
  for (int k = 0; k < 1000; ++k) EXPECT_TRUE(seen.insert(stream.bits()).second) << k;
}

TEST(StreamSeed, DependsOnAllArguments) {
  const std::uint64_t seed = stream_seed(1, "noise", "bfgs", 4);
  EXPECT_EQ(seed, stream_seed(1, "noise", "bfgs", 4));
  EXPECT_NE(seed, stream_seed(2, "noise", "bfgs", 4));
  EXPECT_NE(seed, stream_seed(1, "nois", "ebfgs", 4));
  EXPECT_NE(seed, stream_seed(1, "noise", "refine", 4));
  EXPECT_NE(seed, stream_seed(1, "noise", "bfgs", 5));
}

TEST(Hash, ChangesWithOneBit) {
  std::vector<float> values(1001, 0.5F);
  const auto hash = hash_values(std::span<const float>(values));
  EXPECT_EQ(hash, hash_values(std::span<const float>(values)));
  values.back() = std::nextafter(0.5F, 1.0F);
  EXPECT_NE(hash, hash_values(std::span<const float>(values)));
}

// Also the low bits of the hash depend on the high bits of each word.
TEST(Hash, MixesHighBitsIntoLowBits) {
  const auto low_bits = [](std::uint64_t word) {
    return hash_values(std::span<const std::uint64_t>(&word, 1)) & 0xffffffffU;
  };
  std::set<std::uint64_t> seen = {low_bits(0)};
  for (unsigned bit = 48; bit < 64; ++bit) seen.insert(low_bits(std::uint64_t{1} << bit));
  EXPECT_GT(seen.size(), 8U);
}

}  // namespace
}  // namespace jpo
