#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/statistics.hpp"

namespace jpo {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(Statistics, QuantilesInterpolateBetweenTheValues) {
  const std::vector<double> values = {1.0, 2.0, 4.0, 8.0, 16.0};
  EXPECT_EQ(quantile(values, 0.0), 1.0);
  EXPECT_EQ(quantile(values, 0.5), 4.0);
  EXPECT_EQ(quantile(values, 0.625), 6.0);
  EXPECT_EQ(quantile(values, 1.0), 16.0);
  EXPECT_EQ(quantile(std::vector<double>{3.0}, 0.7), 3.0);
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

TEST(Statistics, TheMedianIgnoresValuesThatAreNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(finite_median({9.0, kNaN, 1.0, infinity, 5.0, -infinity}), 5.0);
  EXPECT_EQ(finite_median({4.0, 1.0}), 2.5);
  EXPECT_TRUE(std::isnan(finite_median({kNaN})));
  EXPECT_EQ(mean(std::vector<double>{1.0, 2.0, 6.0}), 3.0);
  EXPECT_TRUE(std::isnan(mean({})));
}

}  // namespace
}  // namespace jpo
