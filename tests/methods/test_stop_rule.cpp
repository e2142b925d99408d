#include <cmath>

#include <gtest/gtest.h>

#include "training/stop_rule.hpp"

namespace jpo {
namespace {

JointSum sum(double loss, double seconds = 0.0) {
  JointSum result;
  result.loss_mean = loss;
  result.seconds = seconds;
  result.usable = !std::isnan(loss);
  return result;
}

TEST(StopRule, StopsAfterTheLastUpdate) {
  StopRule rule({.n_update = 3});
  EXPECT_FALSE(rule.after(1, 1.0, sum(1.0)));
  EXPECT_FALSE(rule.after(2, 2.0, sum(1.0)));
  EXPECT_EQ(rule.after(3, 3.0, sum(1.0)), StopReason::updates_done);
}

TEST(StopRule, NeverExceedsTheBudget) {
  // The next update would cost two evaluations, as the last one did.
  StopRule rule({.n_update = 100, .max_evaluations = 5.0});
  EXPECT_FALSE(rule.after(1, 1.0, sum(1.0)));
  EXPECT_FALSE(rule.after(2, 3.0, sum(1.0)));
  EXPECT_EQ(rule.after(3, 5.0, sum(1.0)), StopReason::budget_reached);
  StopRule early({.n_update = 100, .max_evaluations = 5.0});
  EXPECT_FALSE(early.after(1, 2.0, sum(1.0)));
  EXPECT_EQ(early.after(2, 4.0, sum(1.0)), StopReason::budget_reached);
}

TEST(StopRule, WaitsForALowerMeanLoss) {
  StopRule rule({.n_update = 100, .patience = 2});
  EXPECT_FALSE(rule.after(1, 1.0, sum(1.0)));
  EXPECT_FALSE(rule.after(2, 2.0, sum(1.5)));
  EXPECT_FALSE(rule.after(3, 3.0, sum(0.5)));
  EXPECT_FALSE(rule.after(4, 4.0, sum(0.5)));  // equal is not lower
  EXPECT_EQ(rule.after(5, 5.0, sum(std::nan(""))), StopReason::no_progress);
}

TEST(StopRule, StopsAtTheTimeLimit) {
  StopRule rule({.n_update = 100, .max_seconds = 2.0});
  EXPECT_FALSE(rule.after(1, 1.0, sum(1.0, 1.9)));
  EXPECT_EQ(rule.after(2, 2.0, sum(1.0, 2.0)), StopReason::budget_reached);
}

}  // namespace
}  // namespace jpo
