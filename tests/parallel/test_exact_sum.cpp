#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.hpp"
#include "parallel/exact_sum.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kValue = 300;
constexpr int kTerm = 24;

struct Ranks {
  Ranks() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n);
  }
  int rank = 0;
  int n = 1;
};

// Returns term k, with values over 40 binary orders of magnitude: a sum of doubles would depend on
// the grouping of the terms.
std::vector<double> term(int k) {
  RandomStream stream(static_cast<std::uint64_t>(k));
  std::vector<double> values(kValue);
  for (double& value : values)
    value = std::ldexp(stream.normal(), static_cast<int>(stream.below(40)) - 25);
  return values;
}

std::vector<double> total(MPI_Comm comm, const std::vector<int>& mine) {
  FlatSum sum({kValue, 1}, Reduction::exact);
  for (const int k : mine) {
    sum.add(term(k));
    sum.count(0, k);
  }
  FlatSum::Seconds seconds;
  sum.reduce(Transport(comm), seconds);
  EXPECT_EQ(sum.counted(0), kTerm * (kTerm - 1) / 2);
  EXPECT_EQ(sum.n_refused(), 0);
  return {sum.values().begin(), sum.values().end()};
}

TEST(FlatSum, SameBitsForAnyGroupingAndOrder) {
  const Ranks ranks;
  std::vector<int> all, blocks, scattered;
  for (int k = 0; k < kTerm; ++k) {
    all.push_back(kTerm - 1 - k);
    if (k * ranks.n / kTerm == ranks.rank) blocks.push_back(k);
    if (k % ranks.n == ranks.rank) scattered.insert(scattered.begin(), k);
  }
  const auto alone = total(MPI_COMM_SELF, all);
  EXPECT_EQ(alone, total(MPI_COMM_WORLD, blocks));
  EXPECT_EQ(alone, total(MPI_COMM_WORLD, scattered));
}

TEST(FlatSum, IsAccurateToItsUnit) {
  std::vector<int> all;
  for (int k = 0; k < kTerm; ++k) all.push_back(k);
  const auto sum = total(MPI_COMM_SELF, all);
  for (std::int64_t j = 0; j < kValue; ++j) {
    long double exact = 0.0L;
    for (int k = 0; k < kTerm; ++k)
      exact += static_cast<long double>(term(k)[static_cast<std::size_t>(j)]);
    const auto value = static_cast<double>(exact);
    // The tolerance is half a low unit per term, plus the rounding of the total.
    EXPECT_NEAR(sum[static_cast<std::size_t>(j)], value, kTerm * 0x1p-65 + 2e-16 * std::abs(value));
  }
}

TEST(FlatSum, KeepsSmallTermsWhenLargeOnesCancel) {
  FlatSum sum({1}, Reduction::exact);
  for (const double value : {1e6, 0x1p-60, -1e6}) sum.add({&value, 1});
  FlatSum::Seconds seconds;
  sum.reduce(Transport(MPI_COMM_SELF), seconds);
  EXPECT_EQ(sum.values()[0], 0x1p-60);
}

TEST(FlatSum, RefusesAndCountsTermsOutOfRange) {
  const Ranks ranks;
  for (const Reduction reduction : {Reduction::exact, Reduction::fast}) {
    FlatSum sum({6}, reduction);
    const std::vector<double> terms = {
        1.5, std::nan(""), std::numeric_limits<double>::infinity(), 0x1p22, -0x1p22, 4194303.75};
    if (ranks.rank == ranks.n - 1) sum.add(terms);
    FlatSum::Seconds seconds;
    sum.reduce(Transport(MPI_COMM_WORLD), seconds);
    EXPECT_EQ(sum.n_refused(), 4);
    EXPECT_EQ(sum.values()[0], 1.5);
    EXPECT_EQ(sum.values()[1], 0.0);
    EXPECT_EQ(sum.values()[5], 4194303.75);
  }
}

TEST(BinaryExponent, IsTheSmallestPowerAbove) {
  for (const double value : {1.0, 0.75, 1e-300, 3e200, 0.5}) {
    const double scaled = std::ldexp(value, -binary_exponent(value));
    EXPECT_LT(scaled, 1.0);
    EXPECT_GE(scaled, 0.5);
  }
  EXPECT_EQ(binary_exponent(0.0), 0);
}

TEST(GatherRows, KeepsRankOrder) {
  const Ranks ranks;
  const std::vector<double> mine(static_cast<std::size_t>(ranks.rank), ranks.rank);
  const auto all = gather_rows(mine, MPI_COMM_WORLD);
  ASSERT_EQ(all.size(), static_cast<std::size_t>(ranks.n * (ranks.n - 1) / 2));
  std::size_t next = 0;
  for (int rank = 0; rank < ranks.n; ++rank)
    for (int k = 0; k < rank; ++k) EXPECT_EQ(all[next++], rank);
}

}  // namespace
}  // namespace jpo
