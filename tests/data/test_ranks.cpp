// Tests that the problems of each registered model do not depend on the number of ranks.

#include <gtest/gtest.h>

#include "core/checks.hpp"
#include "data/problem_set.hpp"
#include "parallel/exact_sum.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kProblem = 18;
constexpr std::int64_t kMicroBatch = 4;

ProblemSet make_set(const std::string& model_name, std::uint64_t seed, MPI_Comm comm) {
  int n_rank = 1;
  int rank = 0;
  MPI_OK(MPI_Comm_size(comm, &n_rank));
  MPI_OK(MPI_Comm_rank(comm, &rank));
  DataSettings settings;
  settings.n_problem = kProblem;
  settings.noise = 0.1;
  const auto model = make_test_model(model_name, {});
  // The size of a model call also depends on the number of ranks.
  return generate_problems(settings, seed, {kProblem, kMicroBatch, n_rank, rank}, 3 + 2 * n_rank,
                           *model);
}

std::vector<double> values_of(const Batch& batch) {
  const auto rows = batch.read();
  return {rows.values().begin(), rows.values().end()};
}

TEST(Ranks, DrawTheSameBitsAsOneRank) {
  for (const ModelEntry& entry : registered_models()) {
    const ProblemSet alone = make_set(entry.name, 7, MPI_COMM_SELF);
    const ProblemSet shared = make_set(entry.name, 7, MPI_COMM_WORLD);
    for (const auto& [part, whole] : {std::pair{&shared.context, &alone.context},
                                      {&shared.truth, &alone.truth},
                                      {&shared.observation, &alone.observation}})
      EXPECT_EQ(gather_rows(values_of(*part), MPI_COMM_WORLD), values_of(*whole)) << entry.name;
  }
}

TEST(Ranks, DrawOtherProblemsFromAnotherSeed) {
  for (const ModelEntry& entry : registered_models()) {
    const auto a = values_of(make_set(entry.name, 7, MPI_COMM_SELF).truth);
    const auto b = values_of(make_set(entry.name, 8, MPI_COMM_SELF).truth);
    for (std::size_t k = 0; k < a.size(); ++k) EXPECT_NE(a[k], b[k]) << entry.name;
  }
}

TEST(Ranks, DrawInsideTheBox) {
  for (const ModelEntry& entry : registered_models()) {
    const auto model = make_test_model(entry.name, {});
    const ParameterSpace& space = model->shape().parameters;
    const ProblemSet set = make_set(entry.name, 7, MPI_COMM_WORLD);
    for (std::int64_t row = 0; row < set.truth.n_problem(); ++row)
      for (std::size_t k = 0; k < space.lower.size(); ++k) {
        const double value = set.truth.read().row(row)[k];
        EXPECT_TRUE(value >= space.lower[k] && value <= space.upper[k])
            << entry.name << ", " << space.names[k] << " = " << value;
      }
  }
}

}  // namespace
}  // namespace jpo
