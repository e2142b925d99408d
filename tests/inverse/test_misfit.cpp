#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "inverse/misfit.hpp"

namespace jpo {
namespace {

const ParameterSpace kSpace{{"a", "b"}, {"", ""}, {-1, 0}, {1, 8}, {0, 4}, {1, 4}};
constexpr std::array kPrediction = {1.0, -2.0, 0.5};
constexpr std::array kObservation = {0.0, 1.0, 0.5};
constexpr std::array kM = {0.5, 2.0};

TEST(Misfit, IsHalfTheScaledSquare) {
  MisfitSettings settings;
  settings.residual_scale = 2.0;
  const Misfit misfit(settings, kSpace);
  std::array<double, 3> w{};
  EXPECT_DOUBLE_EQ(misfit.value(kPrediction, kObservation, kM, w), 0.5 * (1.0 + 9.0) / 4.0);
  EXPECT_DOUBLE_EQ(w[0], 1.0 / 4.0);
  EXPECT_DOUBLE_EQ(w[1], -3.0 / 4.0);
  EXPECT_DOUBLE_EQ(w[2], 0.0);
}

TEST(Misfit, PriorIsTheScaledDistanceToTheCentre) {
  MisfitSettings settings;
  settings.prior_weight = 3.0;
  const Misfit misfit(settings, kSpace);
  std::array<double, 3> w{};
  const double prior = 0.5 * 3.0 * (0.5 * 0.5 + 0.5 * 0.5);
  EXPECT_DOUBLE_EQ(misfit.value(kPrediction, kObservation, kM, w), 5.0 + prior);
  std::array<double, 2> g = {10.0, 20.0};
  misfit.add_prior_gradient(kM, g);
  EXPECT_DOUBLE_EQ(g[0], 10.0 + 3.0 * 0.5);
  EXPECT_DOUBLE_EQ(g[1], 20.0 + 3.0 * (2.0 - 4.0) / 16.0);
}

TEST(Misfit, OnlyObservedComponentsHaveWeights) {
  Misfit misfit(MisfitSettings(), kSpace);
  misfit.observe_components(1);
  std::array<double, 3> w = {7.0, 7.0, 7.0};
  EXPECT_DOUBLE_EQ(misfit.value(kPrediction, kObservation, kM, w), 0.5);
  EXPECT_EQ(w, (std::array{1.0, 0.0, 0.0}));
}

// A limit of 0.5 residual scales, here 0.5 * 2: residuals 1 and -3 count as 1 and -1.
TEST(Misfit, LimitsResidualsInTheirScale) {
  MisfitSettings settings;
  settings.residual_scale = 2.0;
  Misfit misfit(settings, kSpace);
  misfit.limit_residuals(0.5);
  std::array<double, 3> w{};
  EXPECT_DOUBLE_EQ(misfit.value(kPrediction, kObservation, kM, w), 0.5 * 10.0 / 4.0);
  EXPECT_DOUBLE_EQ(w[0], 0.25);
  EXPECT_DOUBLE_EQ(w[1], -0.25);
}

TEST(Misfit, IsNotFiniteIfThePredictionIsNot) {
  const Misfit misfit(MisfitSettings(), kSpace);
  std::array<double, 3> w{};
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e200}) {
    const std::array prediction = {1.0, bad, 0.5};
    EXPECT_FALSE(std::isfinite(misfit.value(prediction, kObservation, kM, w)));
  }
}

// The misfit is quadratic, so central differences are exact up to round-off.
TEST(Misfit, DerivativesMatchDifferences) {
  MisfitSettings settings;
  settings.residual_scale = 0.4;
  settings.prior_weight = 3.0;
  const Misfit misfit(settings, kSpace);
  std::array<double, 3> w{}, unused{};
  std::array<double, 2> g{};
  misfit.value(kPrediction, kObservation, kM, w);
  misfit.add_prior_gradient(kM, g);
  constexpr double kStep = 0.125;
  for (std::size_t k = 0; k < 3; ++k) {
    auto up = kPrediction, down = kPrediction;
    up[k] += kStep;
    down[k] -= kStep;
    const double slope = (misfit.value(up, kObservation, kM, unused) -
                          misfit.value(down, kObservation, kM, unused)) /
                         (2.0 * kStep);
    EXPECT_NEAR(w[k], slope, 1e-12);
  }
  for (std::size_t k = 0; k < 2; ++k) {
    auto up = kM, down = kM;
    up[k] += kStep;
    down[k] -= kStep;
    const double slope = (misfit.value(kPrediction, kObservation, up, unused) -
                          misfit.value(kPrediction, kObservation, down, unused)) /
                         (2.0 * kStep);
    EXPECT_NEAR(g[k], slope, 1e-12);
  }
}

}  // namespace
}  // namespace jpo
