// Tests the training losses, and the statistics of gradients that training records.

#include <cmath>

#include <gtest/gtest.h>

#include "tests/methods/make_job.hpp"
#include "training/problem_losses.hpp"

namespace jpo {
namespace {

constexpr const char* kDeck = R"(
[data]
n_problem = 10
[model]
name = "kuramoto_sivashinsky"
horizon = 5.0
[parallel]
micro_batch = 4
[[method]]
kind = "joint"
updates = 8
history_every = 2
gradient_samples = 5
)";

struct LossAndGradient {
  std::vector<double> loss, gradient;
};
// Returns the misfit of each problem at the centre, and the gradient of a training loss.
LossAndGradient gradient_of(Job& job, const TrainingLossSettings& settings) {
  Objective objective = job.objective();
  MethodResult result = job.empty_result();
  const Task task = job.task("probe", objective, result);
  ProblemLosses losses(task, settings, 1);
  Batch m = result.parameters.copy();
  Evaluation evaluation(m.n_problem(), m.n_component());
  losses.evaluate(0, task.usable, m, result, evaluation);
  const auto g = evaluation.gradient.read();
  return {evaluation.loss, {g.values().begin(), g.values().end()}};
}

TEST(TrainingLoss, GradientsAreThoseOfFunctionsOfTheMisfit) {
  start_network_library();
  Job job(read_deck(kDeck, "test deck", {}, program_catalogue()), MPI_COMM_SELF);
  TrainingLossSettings settings;
  const LossAndGradient squared = gradient_of(job, settings);
  settings.loss = "log";
  settings.log_epsilon = 0.1;
  const LossAndGradient log = gradient_of(job, settings);
  settings.loss = "normalized";
  const LossAndGradient normalized = gradient_of(job, settings);
  for (std::size_t k = 0; k < squared.gradient.size(); ++k) {
    const double loss = squared.loss[k / 2];
    const double of_log = squared.gradient[k] / (loss + 0.1 * job.loss_reference());
    EXPECT_NEAR(log.gradient[k], of_log, 1e-12 * std::abs(of_log));
    EXPECT_NEAR(normalized.gradient[k], squared.gradient[k] / loss,
                1e-12 * std::abs(squared.gradient[k] / loss));
  }
  // The returned loss is always the misfit, by which answers are judged.
  EXPECT_EQ(log.loss, squared.loss);
  EXPECT_EQ(normalized.loss, squared.loss);
}

// The gradient of the Huber loss is J^T clamp(r); w must be the clamped residual.
TEST(TrainingLoss, HuberLimitsResiduals) {
  MisfitSettings settings;
  settings.residual_scale = 2.0;
  const ParameterSpace space;
  Misfit misfit(settings, space);
  misfit.limit_residuals(0.5);  // in units of the residual scale, so residuals up to 1
  const std::vector<double> y = {0.0, 0.0, 0.0, 0.0}, f = {0.4, -0.9, 1.5, -7.0};
  std::vector<double> w(4);
  EXPECT_DOUBLE_EQ(misfit.value(f, y, {}, w), (0.16 + 0.81 + 2.25 + 49.0) / 8.0);
  EXPECT_DOUBLE_EQ(w[0], 0.4 / 4.0);
  EXPECT_DOUBLE_EQ(w[1], -0.9 / 4.0);
  EXPECT_DOUBLE_EQ(w[2], 1.0 / 4.0);
  EXPECT_DOUBLE_EQ(w[3], -1.0 / 4.0);
}

TEST(TrainingLoss, ExplorationMovesAnswersInsideTheBoxAndDecays) {
  start_network_library();
  Job job(read_deck(kDeck, "test deck", {}, program_catalogue()), MPI_COMM_SELF);
  TrainingLossSettings settings;
  settings.exploration = 5.0;
  Objective objective = job.objective();
  MethodResult result = job.empty_result();
  const Task task = job.task("probe", objective, result);
  ProblemLosses losses(task, settings, 10);
  const Batch centre = result.parameters.copy();
  Evaluation evaluation(centre.n_problem(), centre.n_component());
  const auto moved = [&](std::int64_t update) {
    Batch m = centre.copy();
    losses.evaluate(update, task.usable, m, result, evaluation);
    double sum = 0.0;
    for (std::size_t k = 0; k < m.read().values().size(); ++k) {
      const double value = m.read().values()[k];
      EXPECT_TRUE(k % 2 == 0 ? std::abs(value) <= 1.0 : std::abs(value - 1.0) <= 0.5);
      sum += std::abs(value - centre.read().values()[k]);
    }
    return sum;
  };
  EXPECT_GT(moved(0), moved(8));
  EXPECT_GT(moved(8), 0.0);
  EXPECT_EQ(moved(9), 0.0);
}

TEST(GradientSamples, AreTheSameForEveryRankCountAndInRange) {
  const Job alone = solved_job(kDeck, {}, MPI_COMM_SELF);
  const Job shared = solved_job(kDeck, {}, MPI_COMM_WORLD);
  const auto& a = alone.results()[0].history.entries;
  const auto& b = shared.results()[0].history.entries;
  ASSERT_EQ(a.size(), 5U);
  ASSERT_EQ(b.size(), 5U);
  for (std::size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(a[k].cosine, b[k].cosine);
    EXPECT_EQ(a[k].signal_to_noise, b[k].signal_to_noise);
    EXPECT_LE(std::abs(a[k].cosine), 1.0 + 1e-9);
    EXPECT_GT(a[k].signal_to_noise, 0.0);
  }
  EXPECT_NE(a[0].cosine, a[1].cosine);
}

TEST(GradientAlignment, IsACosineTheSameForEveryRankCount) {
  const std::vector<std::string> with_alignment = {"method.joint.gradient_alignment=true"};
  const Job alone = solved_job(kDeck, with_alignment, MPI_COMM_SELF);
  const Job shared = solved_job(kDeck, with_alignment, MPI_COMM_WORLD);
  const Job plain = solved_job(kDeck, {}, MPI_COMM_WORLD);
  for (std::size_t k = 0; k < 5; ++k) {
    const double cosine = alone.results()[0].history.entries[k].alignment;
    EXPECT_EQ(cosine, shared.results()[0].history.entries[k].alignment);
    EXPECT_LE(std::abs(cosine), 1.0);
    EXPECT_TRUE(std::isnan(plain.results()[0].history.entries[k].alignment));
  }
  // The measurement does not change the results.
  EXPECT_EQ(answers_of(shared, 0).hash, answers_of(plain, 0).hash);
}

// With one unknown and one problem, both gradients are multiples of dm/dtheta. The cosine is the
// sign of dL/dm times (m - truth).
TEST(GradientAlignment, IsPlusOrMinusOneForOneUnknownOfOneProblem) {
  constexpr const char* deck = R"(
[data]
n_problem = 1
[model]
name = "wave_packet"
[network]
precision = "double"
[[method]]
kind = "joint"
updates = 1
gradient_alignment = true
)";
  int n_positive = 0;
  for (int seed = 0; seed < 8; ++seed) {
    const Job job = solved_job(deck, {"run.seed=" + std::to_string(seed)}, MPI_COMM_SELF);
    const double cosine = job.results()[0].history.entries[0].alignment;
    EXPECT_NEAR(std::abs(cosine), 1.0, 1e-9);
    n_positive += cosine > 0.0 ? 1 : 0;
  }
  EXPECT_GT(n_positive, 0);  // the misfit oscillates, so the sign depends on the seed
}

// With a single problem, its gradient is the joint gradient: the cosine is 1, without noise.
TEST(GradientSamples, OfASingleProblemAreTheJointGradient) {
  const Job job = solved_job(kDeck, {"data.n_problem=1"}, MPI_COMM_SELF);
  for (const auto& entry : job.results()[0].history.entries) {
    EXPECT_NEAR(entry.cosine, 1.0, 1e-6);
    EXPECT_GT(entry.signal_to_noise, 1e5);
  }
}

// A dense network normalizes each component of the observation over the problems.
TEST(Normalization, HasMeanAndDeviationOfEachInput) {
  const Job job = solved_job(kDeck, {"network.name=mlp"}, MPI_COMM_SELF);
  const Normalization& normalization = job.results()[0].network->normalization;
  const auto y = job.problems().observation.read();
  const auto n = static_cast<double>(y.n_problem());
  ASSERT_GE(std::ssize(normalization.mean), y.n_component());
  for (std::int64_t k = 0; k < y.n_component(); ++k) {
    double mean = 0.0, square = 0.0;
    for (std::int64_t row = 0; row < y.n_problem(); ++row) mean += y.row(row)[k] / n;
    for (std::int64_t row = 0; row < y.n_problem(); ++row)
      square += std::pow(y.row(row)[k] - mean, 2) / n;
    EXPECT_NEAR(normalization.mean[k], mean, 1e-9);
    EXPECT_NEAR(normalization.deviation[k], std::sqrt(square), 1e-9);
  }
}

}  // namespace
}  // namespace jpo
