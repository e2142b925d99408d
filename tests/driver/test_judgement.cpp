// The judgement of answers: solved, fitted, errors, and costs until a problem is solved.

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "../line_model.hpp"
#include "../methods/make_job.hpp"
#include "driver/output/judgement.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

constexpr const char* kPackets = R"(
[run]
name = "packets"
seed = 5
output = "packets.h5"
[data]
n_problem = 24
noise = 0.1
[model]
name = "wave_packet"
[network]
name = "mlp"
[parallel]
micro_batch = 8
[[method]]
name = "bfgs"
kind = "tao"
[[method]]
name = "multi_start"
kind = "multi_start"
max_evaluations = 60
candidates = 16
[[method]]
name = "again"
kind = "refine"
from = "bfgs"
)";

// A model with a criterion of its own: the slope is right, whatever the misfit is.
class SlopeModel : public LineModel {
 public:
  struct Settings : jpo::Settings {
    void describe(KeyTable& /*table*/) override {}
  };
  SlopeModel(const Settings& /*settings*/, const BuildOptions& /*options*/) {}
  std::optional<bool> is_solved(std::span<const double> /*c*/, std::span<const double> truth,
                                std::span<const double> m) const override {
    return std::abs(m[0] - truth[0]) < 0.5;
  }
};
const RegisterModel<SlopeModel> registered{"line_with_criterion", "solved by its slope"};

Job judged_job(const std::vector<std::string>& overrides) {
  start_network_library();
  Job job(read_deck(kPackets, "test deck", overrides, program_catalogue()), MPI_COMM_SELF);
  job.find_reference();
  for (const MethodDeck& method : job.deck().methods) job.solve(method);
  return job;
}

std::vector<Verdict> solved_by_bfgs(std::int64_t max_evaluations) {
  const Job job = judged_job({"method.bfgs.max_evaluations=" + std::to_string(max_evaluations)});
  return judge(job, 0).solved;
}

TEST(Judgement, SolvedIsOneSidedAgainstTheReference) {
  const Job job = judged_job({});
  ASSERT_EQ(job.reference(), job.floor());  // one unknown, no prior
  const double least = 1e-3 * job.loss_reference();
  for (std::size_t k = 0; k < job.results().size(); ++k) {
    const Judgement judgement = judge(job, k);
    for (std::size_t row = 0; row < judgement.solved.size(); ++row) {
      const double loss = job.results()[k].loss[row];
      const double floor = job.floor()[row];
      EXPECT_EQ(judgement.solved[row] == Verdict::yes,
                loss <= floor + 1e-3 * std::max(floor, least));
      // 256 samples: chi2 is 1 +- 0.09 at a solution.
      EXPECT_NEAR(judgement.chi2[row], 2.0 * loss / (256.0 * 0.01), 1e-9 * judgement.chi2[row]);
      EXPECT_EQ(judgement.fitted[row] == Verdict::yes,
                judgement.chi2[row] <= 1.0 + 3.0 * std::sqrt(2.0 / 256.0));
      const double error = std::abs(job.results()[k].parameters.read().row(row)[0] -
                                    job.problems().truth.read().row(row)[0]) /
                           96.0;
      EXPECT_NEAR(judgement.parameter_error[row], error, 1e-12);
    }
  }
  const Judgement rounds = judge(job, 1);
  EXPECT_GT(std::ranges::count(rounds.solved, Verdict::yes), 12);
}

// A problem that is solved after e evaluations is solved with a budget of e, not with e - 1.
TEST(Judgement, EvaluationsToSolvedAreExact) {
  const Job job = judged_job({"data.n_problem=24"});
  const Judgement judgement = judge(job, 0);
  const auto first = std::ranges::find(judgement.solved, Verdict::yes) - judgement.solved.begin();
  ASSERT_LT(first, std::ssize(judgement.solved));
  const double needed = judgement.evaluations_to_solved[first];
  ASSERT_GT(needed, 1.0);
  EXPECT_LE(needed, judgement.evaluations[first]);
  EXPECT_GT(judgement.seconds_to_solved[first], 0.0);
  EXPECT_LE(judgement.seconds_to_solved[first], job.seconds(0));
  EXPECT_EQ(solved_by_bfgs(static_cast<std::int64_t>(needed))[first], Verdict::yes);
  EXPECT_EQ(solved_by_bfgs(static_cast<std::int64_t>(needed) - 1)[first], Verdict::no);
}

TEST(Judgement, CostsIncludeTheMethodThatProvidedTheStarts) {
  const Job job = judged_job({});
  const Judgement bfgs = judge(job, 0);
  const Judgement again = judge(job, 2);
  for (std::size_t row = 0; row < bfgs.solved.size(); ++row) {
    EXPECT_GT(again.evaluations[row], bfgs.evaluations[row]);
    if (bfgs.solved[row] == Verdict::yes) {
      EXPECT_EQ(again.evaluations_to_solved[row], bfgs.evaluations_to_solved[row]);
    }
  }
}

TEST(Judgement, CostToSolveCountsUntilAShareIsSolved) {
  const Job job = judged_job({"data.n_problem=4"});
  Judgement judgement = judge(job, 0);
  const double nan = std::nan("");
  judgement.evaluations = {1.0, 9.0, 9.0, 100.0};
  judgement.evaluations_to_solved = {1.0, 2.0, 4.0, nan};
  judgement.seconds_to_solved = {0.5, 3.0, 0.1, nan};
  const CostToSolve most = cost_to_solve(job, judgement, 0.75);
  EXPECT_EQ(most.evaluations, 11.0 / 4.0);
  EXPECT_EQ(most.seconds, 3.0);
  EXPECT_EQ(cost_to_solve(job, judgement, 0.5).evaluations, 7.0 / 4.0);
  EXPECT_TRUE(std::isnan(cost_to_solve(job, judgement, 0.76).evaluations));
}

TEST(Judgement, WithoutAReferenceNothingIsSolved) {
  const Job job = judged_job({"data.reference=none", "data.noise=0"});
  const Judgement judgement = judge(job, 1);
  EXPECT_EQ(std::ranges::count(judgement.solved, Verdict::unknown), 24);
  EXPECT_EQ(std::ranges::count(judgement.fitted, Verdict::unknown), 24);
}

TEST(Judgement, AModelMayHaveItsOwnCriterion) {
  const Job job = judged_job(
      {"model.name=line_with_criterion", "methods=[\"bfgs\"]", "method.bfgs.max_evaluations=2"});
  const Judgement judgement = judge(job, 0);
  const std::vector<double> limit = job.solved_limit();
  int n_solved = 0;
  int n_different = 0;
  for (std::size_t row = 0; row < judgement.solved.size(); ++row) {
    const auto id = static_cast<std::int64_t>(row);
    const double error =
        job.results()[0].parameters.read().row(id)[0] - job.problems().truth.read().row(id)[0];
    const bool is_solved = judgement.solved[row] == Verdict::yes;
    EXPECT_EQ(is_solved, std::abs(error) < 0.5);
    EXPECT_EQ(std::isnan(judgement.evaluations_to_solved[row]), !is_solved);
    EXPECT_EQ(std::isnan(judgement.seconds_to_solved[row]), !is_solved);
    n_solved += is_solved ? 1 : 0;
    n_different += is_solved != (job.results()[0].loss[row] <= limit[row]) ? 1 : 0;
  }
  EXPECT_GT(n_solved, 0);
  EXPECT_LT(n_solved, 24);
  EXPECT_GT(n_different, 0);
}

// From the truth of one unknown: at most the misfit there, and no method has these solves.
TEST(Judgement, AReferenceSolveIsNotCounted) {
  const Job plain = judged_job({});
  const Job job = judged_job({"data.reference=solve"});
  for (std::size_t row = 0; row < job.floor().size(); ++row) {
    EXPECT_LE(job.reference()[row], job.floor()[row]);
    EXPECT_GT(job.reference()[row], 0.9 * job.floor()[row]);
  }
  EXPECT_EQ(judge(job, 1).evaluations, judge(plain, 1).evaluations);
  EXPECT_EQ(answers_of(job, 1).hash, answers_of(plain, 1).hash);
}

}  // namespace
}  // namespace jpo
