#include <cmath>

#include <gtest/gtest.h>

#include "tests/methods/make_job.hpp"

namespace jpo {
namespace {

constexpr const char* kDeck = R"(
[data]
n_problem = 22
[model]
name = "kuramoto_sivashinsky"
horizon = 5.0
[parallel]
micro_batch = 4
[[method]]
name = "joint"
kind = "joint"
updates = 12
history_every = 1
)";

// Returns one hash of weights, losses and answers. Collective.
std::uint64_t hash_at(const std::vector<std::string>& overrides, MPI_Comm comm) {
  return answers_of(solved_job(kDeck, overrides, comm), 0).hash;
}

TEST(Joint, SameBitsForEveryRankCount) {
  for (const auto& overrides :
       {std::vector<std::string>{},
        {"method.joint.mini_batch=3"},
        {"method.joint.mini_batch=3", "fault.problems=[6, 13]", "fault.kind=mask"},
        {"network.precision=double"},
        {"method.joint.clip_problem=0.5", "method.joint.optimizer=adamw"}}) {
    EXPECT_EQ(hash_at(overrides, MPI_COMM_SELF), hash_at(overrides, MPI_COMM_WORLD));
  }
}

TEST(Joint, BitsDependOnTheSeedAndTheMicroBatch) {
  const std::uint64_t hash = hash_at({}, MPI_COMM_WORLD);
  EXPECT_EQ(hash, hash_at({"parallel.solve_batch=3"}, MPI_COMM_WORLD));
  EXPECT_NE(hash, hash_at({"run.seed=1"}, MPI_COMM_WORLD));
}

TEST(Joint, LowersTheLossAndCountsItsEvaluations) {
  const Job job = solved_job(kDeck, {"method.joint.updates=40"}, MPI_COMM_WORLD);
  const MethodResult& result = job.results()[0];
  const auto& entries = result.history.entries;
  ASSERT_EQ(entries.size(), 40U);
  EXPECT_LT(entries.back().loss_mean, 0.5 * entries.front().loss_mean);
  EXPECT_EQ(entries.back().gradient_evaluations, 40.0);
  for (const auto n : result.ledger.adjoint) EXPECT_EQ(n, 40);
  for (const auto n : result.ledger.forward) EXPECT_EQ(n, 41);  // and the closing evaluation
  for (const double loss : result.loss) EXPECT_TRUE(std::isfinite(loss));
}

// All problems share the network, so a failed problem changes the result. The result must equal
// that of a run in which the deck masks the problem at the same updates.
TEST(Joint, AFailedProblemEqualsAMaskedOne) {
  const std::vector<std::string> window = {"fault.problems=[6, 13]", "fault.first_evaluation=4",
                                           "fault.last_evaluation=7"};
  for (const char* batch : {"method.joint.mini_batch=0", "method.joint.mini_batch=3"}) {
    const auto hash_of = [&](const std::string& kind) {
      auto deck = window;
      deck.emplace_back(batch);
      deck.push_back("fault.kind=" + kind);
      return hash_at(deck, MPI_COMM_WORLD);
    };
    const std::uint64_t masked = hash_of("mask");
    const std::uint64_t clean = hash_at({batch}, MPI_COMM_WORLD);
    EXPECT_NE(masked, clean) << batch;
    for (const char* kind : {"blow_up", "not_finite", "petsc_error"})
      EXPECT_EQ(hash_of(kind), masked) << batch << ", " << kind;
    EXPECT_EQ(hash_of("slow"), clean) << batch;
  }
}

TEST(Joint, AProblemThatAlwaysFailsHasAReason) {
  const Job job = solved_job(kDeck, {"fault.problems=[6]"}, MPI_COMM_WORLD);
  const std::int64_t row = 6 - job.shard().first_problem();
  EXPECT_EQ(job.results()[0].history.entries.back().failed, 1);
  if (row < 0 || row >= job.shard().n_local_problem()) return;
  const auto k = static_cast<std::size_t>(row);
  EXPECT_EQ(job.results()[0].reason[k], StopReason::solve_diverged);
  EXPECT_TRUE(std::isnan(job.results()[0].loss[k]));
}

// refine with several starts also starts from the snapshots, and the best result counts.
TEST(Joint, KeepsSnapshotsThatRefinementsStartFrom) {
  const std::string deck = std::string(kDeck) + R"(
snapshots = 3
[[method]]
kind = "refine"
from = "joint"
[[method]]
name = "more"
kind = "refine"
from = "joint"
starts = 4
rest = false
[[method]]
name = "short"
kind = "refine"
from = "joint"
starts = 4
rest = false
max_evaluations = 3
[[method]]
name = "resting"
kind = "refine"
from = "joint"
starts = 4
)";
  for (const char* batch : {"method.joint.mini_batch=0", "method.joint.mini_batch=3"}) {
    const Job job = solved_job(deck, {batch}, MPI_COMM_WORLD);
    const MethodResult& joint = job.results()[0];
    ASSERT_EQ(joint.snapshots.size(), 3U);
    const double enough = 1e-6 * job.loss_reference();
    for (std::size_t row = 0; row < joint.loss.size(); ++row) {
      EXPECT_NE(joint.snapshots[0].read().values()[2 * row],
                joint.snapshots[1].read().values()[2 * row]);
      EXPECT_LE(job.results()[2].loss[row], job.results()[1].loss[row]);
      EXPECT_GT(job.results()[2].ledger.forward[row], job.results()[1].ledger.forward[row]);
      EXPECT_LE(job.results()[3].ledger.forward[row], 3);
      // If the first start solves the problem, the others are not tried.
      const bool has_stopped =
          job.results()[4].ledger.forward[row] == job.results()[1].ledger.forward[row];
      EXPECT_EQ(has_stopped, job.results()[1].loss[row] <= enough);
    }
    const Job alone = solved_job(deck, {batch}, MPI_COMM_SELF);
    EXPECT_EQ(answers_of(job, 2).hash, answers_of(alone, 2).hash) << batch;
  }
}

TEST(Joint, StopsByItsRules) {
  const auto updates = [](const std::string& rule) {
    return solved_job(kDeck, {"method.joint.updates=30", rule}, MPI_COMM_WORLD)
        .results()[0]
        .history.entries.size();
  };
  EXPECT_EQ(updates("method.joint.max_evaluations=9"), 9U);
  EXPECT_EQ(updates("method.joint.max_seconds=1e-9"), 1U);
  EXPECT_EQ(updates("method.joint.history_every=100"), 2U);  // the first and the last
  // The learning rate is so small that there is no progress.
  const Job job = solved_job(
      kDeck,
      {"method.joint.updates=30", "method.joint.patience=5", "method.joint.learning_rate=1e-30"},
      MPI_COMM_WORLD);
  EXPECT_EQ(job.results()[0].history.entries.size(), 6U);
}

}  // namespace
}  // namespace jpo
