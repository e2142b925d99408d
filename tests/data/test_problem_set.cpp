#include <cmath>

#include <gtest/gtest.h>

#include "data/problem_set.hpp"
#include "tests/line_model.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kProblem = 22;
constexpr std::int64_t kMicroBatch = 4;

ProblemSet make_set(const DataSettings& settings, std::uint64_t seed, int n_rank, int rank,
                    std::int64_t solve_batch = 5, LineModel&& model = LineModel()) {
  return generate_problems(settings, seed, {settings.n_problem, kMicroBatch, n_rank, rank},
                           solve_batch, model);
}

DataSettings make_settings(double noise = 0.0) {
  DataSettings settings;
  settings.n_problem = kProblem;
  settings.noise = noise;
  return settings;
}

// Expects that the rows of `part` are bit-identical to the rows of `all` from first_id on.
void expect_part(const ProblemSet& all, const ProblemSet& part) {
  for (std::int64_t row = 0; row < part.truth.n_problem(); ++row)
    for (const auto& [mine, whole] : {std::pair{&part.context, &all.context},
                                      {&part.truth, &all.truth},
                                      {&part.observation, &all.observation}})
      for (std::size_t k = 0; k < static_cast<std::size_t>(mine->n_component()); ++k)
        EXPECT_EQ(mine->read().row(row)[k], whole->read().row(part.first_id + row)[k])
            << "problem " << part.first_id + row;
}

TEST(ProblemSet, DoesNotDependOnTheNumberOfRanks) {
  const DataSettings settings = make_settings(0.3);
  const ProblemSet all = make_set(settings, 7, 1, 0);
  ASSERT_EQ(all.truth.n_problem(), kProblem);
  for (const int n_rank : {2, 3, 4, 9}) {
    std::int64_t next = 0;
    for (int rank = 0; rank < n_rank; ++rank) {
      const ProblemSet part = make_set(settings, 7, n_rank, rank, 3);
      EXPECT_EQ(part.n_global, kProblem);
      EXPECT_TRUE(part.truth.n_problem() == 0 || part.first_id == next);
      next += part.truth.n_problem();
      expect_part(all, part);
    }
    EXPECT_EQ(next, kProblem);
  }
}

TEST(ProblemSet, GrowsWithoutChangingItsFirstProblems) {
  DataSettings settings = make_settings(0.3);
  const ProblemSet few = make_set(settings, 7, 1, 0);
  settings.n_problem = 3 * kProblem;
  expect_part(make_set(settings, 7, 1, 0), few);
}

TEST(ProblemSet, DependsOnTheSeed) {
  const ProblemSet a = make_set(make_settings(), 7, 1, 0);
  const ProblemSet b = make_set(make_settings(), 8, 1, 0);
  for (std::int64_t row = 0; row < kProblem; ++row) {
    EXPECT_NE(a.truth.read().row(row)[0], b.truth.read().row(row)[0]);
    EXPECT_NE(a.context.read().row(row)[0], b.context.read().row(row)[0]);
    if (row > 0) {
      EXPECT_NE(a.truth.read().row(row)[0], a.truth.read().row(row - 1)[0]);
    }
  }
}

TEST(ProblemSet, ObservationIsTheModelOfTheTruth) {
  const ProblemSet set = make_set(make_settings(), 7, 1, 0);
  for (std::int64_t row = 0; row < kProblem; ++row) {
    const auto m = set.truth.read().row(row);
    const double c = set.context.read().row(row)[0];
    for (std::size_t j = 0; j < 3; ++j)
      EXPECT_DOUBLE_EQ(set.observation.read().row(row)[j],
                       c * m[0] + static_cast<double>(j) * m[1] * m[1]);
    EXPECT_EQ(set.draw_status[static_cast<std::size_t>(row)], SolveStatus::converged);
  }
}

// 3000 values: tolerances are 4 standard errors of the mean and of the variance, sqrt(2 / n).
TEST(ProblemSet, AddsNoiseOfTheGivenDeviation) {
  DataSettings settings = make_settings();
  settings.n_problem = 1000;
  const ProblemSet clean = make_set(settings, 7, 1, 0);
  settings.noise = 0.25;
  const ProblemSet noisy = make_set(settings, 7, 1, 0);
  double sum = 0.0;
  double square = 0.0;
  const auto n = static_cast<double>(clean.observation.read().values().size());
  for (std::size_t k = 0; k < clean.observation.read().values().size(); ++k) {
    const double z =
        (noisy.observation.read().values()[k] - clean.observation.read().values()[k]) / 0.25;
    sum += z;
    square += z * z;
  }
  EXPECT_LT(std::abs(sum / n), 4.0 / std::sqrt(n));
  EXPECT_LT(std::abs(square / n - 1.0), 4.0 * std::sqrt(2.0 / n));
  EXPECT_EQ(clean.truth.read().values()[5], noisy.truth.read().values()[5]);
}

// Noise must not correlate between problems, components and seeds, or with the truth.
TEST(ProblemSet, AddsIndependentNoise) {
  DataSettings settings = make_settings();
  settings.n_problem = 2000;
  const auto z_of = [&](std::uint64_t seed) {
    settings.noise = 0.0;
    const ProblemSet clean = make_set(settings, seed, 1, 0);
    settings.noise = 0.25;
    const ProblemSet noisy = make_set(settings, seed, 1, 0);
    std::vector<double> z;
    for (std::size_t k = 0; k < noisy.observation.read().values().size(); ++k)
      z.push_back((noisy.observation.read().values()[k] - clean.observation.read().values()[k]) /
                  0.25);
    return z;
  };
  const std::vector<double> z = z_of(7);
  const std::vector<double> other = z_of(8);
  const auto correlation = [&](const std::vector<double>& with, std::size_t lag) {
    double sum = 0.0;
    for (std::size_t k = lag; k < z.size(); ++k) sum += z[k] * with[k - lag];
    return sum / static_cast<double>(z.size() - lag);
  };
  const double limit = 4.5 / std::sqrt(static_cast<double>(z.size()));
  EXPECT_LT(std::abs(correlation(other, 0)), limit);
  for (const std::size_t lag : {1, 2, 3, 6, 12}) EXPECT_LT(std::abs(correlation(z, lag)), limit);
  const ProblemSet set = make_set(settings, 7, 1, 0);
  for (std::size_t parameter = 0; parameter < 2; ++parameter)
    for (std::size_t component = 0; component < 3; ++component) {
      // Parameters are drawn uniformly from [centre - 2, centre + 2].
      const double centre = parameter == 0 ? 0.0 : 2.0;
      double sum = 0.0;
      for (std::int64_t row = 0; row < settings.n_problem; ++row)
        sum += z[static_cast<std::size_t>(3 * row) + component] *
               (set.truth.read().row(row)[parameter] - centre);
      EXPECT_LT(std::abs(sum / static_cast<double>(settings.n_problem)),
                4.5 * 1.16 / std::sqrt(2e3));
    }
}

}  // namespace
}  // namespace jpo
