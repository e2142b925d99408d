#include <gtest/gtest.h>

#include "training/learning_rate.hpp"

namespace jpo {
namespace {

TEST(LearningRate, FollowsItsSchedule) {
  LearningRateSettings settings;
  settings.learning_rate = 2.0;
  settings.warm_up = 4;
  settings.final_fraction = 0.1;
  const LearningRate cosine(settings, 104);
  EXPECT_DOUBLE_EQ(cosine.at(0), 0.5);
  EXPECT_DOUBLE_EQ(cosine.at(3), 2.0);
  EXPECT_DOUBLE_EQ(cosine.at(4), 2.0);
  EXPECT_DOUBLE_EQ(cosine.at(54), 2.0 * (0.1 + 0.9 * 0.5));
  EXPECT_DOUBLE_EQ(cosine.at(104), 0.2);
  settings.schedule = "constant";
  EXPECT_DOUBLE_EQ(LearningRate(settings, 104).at(100), 2.0);
}

TEST(LearningRate, FallsOnAPlateau) {
  LearningRateSettings settings;
  settings.learning_rate = 1.0;
  settings.schedule = "plateau";
  settings.plateau_patience = 3;
  LearningRate rate(settings, 100);
  for (const double loss : {5.0, 4.0, 3.0}) rate.observe(loss);
  EXPECT_EQ(rate.at(3), 1.0);
  for (int k = 0; k < 3; ++k) rate.observe(3.5);
  EXPECT_EQ(rate.at(6), 0.5);
  rate.observe(2.0);
  for (int k = 0; k < 2; ++k) rate.observe(2.0);
  EXPECT_EQ(rate.at(9), 0.5);
  rate.observe(2.0);
  EXPECT_EQ(rate.at(10), 0.25);
}

}  // namespace
}  // namespace jpo
