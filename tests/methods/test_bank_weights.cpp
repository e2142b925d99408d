#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "training/bank/bank_weights.hpp"

namespace jpo {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

// The 5 % quantile of 0, 1, ..., 20 is 1; tau = 2 sqrt(2 / 8) + 1e-3 1000 = 2.
TEST(BankWeights, ChiFallsByTheSpreadOfWhiteNoise) {
  BankedLosses all{{}, 8, 1000.0};
  for (int k = 0; k <= 20; ++k) all.sorted.push_back(k);
  const std::vector<double> loss = {0.0, 1.0, 3.0, 5.0, kNaN, kInf};
  const std::vector<double> w = bank_weights("chi", loss, all);
  EXPECT_EQ(w[0], 1.0);
  EXPECT_EQ(w[1], 1.0);
  EXPECT_DOUBLE_EQ(w[2], std::exp(-1.0));
  EXPECT_DOUBLE_EQ(w[3], std::exp(-2.0));
  EXPECT_EQ(w[4], 0.0);
  EXPECT_EQ(w[5], 0.0);
}

TEST(BankWeights, RankDoesNotDependOnTheScale) {
  const BankedLosses all{{1.0, 10.0, 100.0, 1000.0}, 8, 1.0};
  const std::vector<double> loss = {1.0, 10.0, 1000.0};
  const std::vector<double> w = bank_weights("rank", loss, all);
  EXPECT_EQ(w[0], 1.0);
  EXPECT_DOUBLE_EQ(w[1], std::pow(0.75, 12));
  EXPECT_DOUBLE_EQ(w[2], std::pow(0.25, 12));
  EXPECT_EQ(bank_weights("equal", loss, all), (std::vector<double>{1.0, 1.0, 1.0}));
}

// Exact answers of problems without noise, or no finite losses at all: no weight is NaN.
TEST(BankWeights, AreFiniteWithoutASpread) {
  const std::vector<double> loss = {0.0, 1e-300, kNaN};
  EXPECT_EQ(bank_weights("chi", loss, {{0.0, 0.0, 1e-300}, 8, 0.0}),
            (std::vector<double>{1.0, 0.0, 0.0}));
  const std::vector<double> none = {kNaN, kNaN};
  for (const std::string& rule : bank_weightings())
    EXPECT_EQ(bank_weights(rule, none, {{}, 8, kNaN}), (std::vector<double>{0.0, 0.0})) << rule;
}

}  // namespace
}  // namespace jpo
