// Tests that a method, an architecture and a verb can each be added by one file with one
// registration line. The files in this folder are compiled into this test only, and are used as a
// deck or a command line uses them.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "driver/verb.hpp"
#include "inverse/verification.hpp"
#include "io/checkpoint_file.hpp"
#include "tests/methods/make_job.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

constexpr const char* kDeck = R"(
[data]
n_problem = 6
[model]
name = "diffusion"
[parallel]
micro_batch = 2
[network]
name = "do_nothing"
factor = 0.5
hidden = [4]
[[method]]
kind = "joint"
updates = 2
[[method]]
kind = "do_nothing"
steps = 5
[[method]]
kind = "refine"
from = "do_nothing"
max_evaluations = 5
)";

TEST(ExtensionPoints, AMethodAndAnArchitectureRunFromADeck) {
  const Job job = solved_job(kDeck, {}, MPI_COMM_WORLD);
  const MethodResult& joint = job.results()[0];
  ASSERT_TRUE(joint.network);
  EXPECT_EQ(joint.network->settings.name, "do_nothing");
  for (const double loss : joint.loss) EXPECT_TRUE(std::isfinite(loss));
  const MethodResult& nothing = job.results()[1];
  EXPECT_EQ(nothing.history.entries.size(), 5U);
  EXPECT_EQ(nothing.history.entries.back().iteration, 4.0);
  for (const double loss : nothing.loss) EXPECT_TRUE(std::isnan(loss));
  // The method refine starts from its answers.
  for (std::size_t row = 0; row < nothing.loss.size(); ++row)
    EXPECT_LE(job.results()[2].loss[row], job.loss_at_centre()[row]);
}

// CMakeLists.txt extracts this model from src/models/README.md.
TEST(ExtensionPoints, TheModelOfTheDocumentsIsCorrect) {
  const auto model = make_test_model("my_model", {});
  for (const CheckRow& row : verify_model(*model, {}))
    EXPECT_TRUE(row.passed) << row.name << ": " << row.value << ", limit " << row.limit;
}

constexpr const char* kSearch = R"(
[data]
n_problem = 7
[model]
name = "diffusion"
[parallel]
micro_batch = 2
[[method]]
kind = "random_search"
draws = 30
)";

TEST(ExtensionPoints, AMethodThatEvaluatesKeepsTheBestAndCounts) {
  const Job job = solved_job(kSearch, {}, MPI_COMM_WORLD);
  const Job fewer = solved_job(kSearch, {"method.random_search.draws=3"}, MPI_COMM_WORLD);
  const MethodResult& result = job.results()[0];
  for (std::size_t row = 0; row < result.loss.size(); ++row) {
    EXPECT_LE(result.loss[row], fewer.results()[0].loss[row]);
    EXPECT_EQ(result.ledger.forward[row], 30.0);
    EXPECT_EQ(result.reason[row], StopReason::updates_done);
  }
  const auto& entries = result.history.entries;
  ASSERT_EQ(entries.size(), 30U);
  EXPECT_EQ(entries.back().gradient_evaluations, 15.0);
  EXPECT_LT(entries.back().loss_mean, entries.front().loss_mean);
  EXPECT_EQ(answers_of(job, 0).hash, answers_of(solved_job(kSearch, {}, MPI_COMM_SELF), 0).hash);
}

TEST(ExtensionPoints, KeysAreRegistered) {
  const auto refusal = [](const std::string& overriding) {
    try {
      read_deck(kDeck, "test deck", {overriding}, program_catalogue());
      return std::string();
    } catch (const BadInput& error) {
      return std::string(error.what());
    }
  };
  EXPECT_NE(refusal("network.factor=-1").find("network.factor"), std::string::npos);
  EXPECT_NE(refusal("method.do_nothing.step=1").find("did you mean 'steps'"), std::string::npos);
  const std::string manual = describe_keys(program_catalogue());
  EXPECT_NE(manual.find("steps without work"), std::string::npos);
  EXPECT_NE(manual.find("do_nothing: factor from inputs to features"), std::string::npos);
  EXPECT_NE(manual.find("do_nothing: no layers"), std::string::npos);
}

// Stops at its second safe point.
class StopAtSecond : public Interruptions {
 public:
  explicit StopAtSecond(const Job& job) : job_(job) {}
  Request request() override {
    ++n_request_;
    return {n_request_ == 2, n_request_ == 2};
  }
  void serve(Request agreed, const State& state) override {
    if (!agreed.save) return;
    CheckpointWriter writer(kPath, rows(), job_.comm());
    state(writer);
    writer.commit();
    throw StoppedResumable("by the test");
  }
  bool resume(const State& state) override {
    if (!is_resuming_) return false;
    CheckpointReader reader(kPath, rows(), job_.comm());
    state(reader);
    reader.check_hash();
    n_request_ = 2;
    return true;
  }
  void set_resuming() { is_resuming_ = true; }
  int n_request() const { return n_request_; }

 private:
  static constexpr const char* kPath = "extension_points/checkpoint_000001.h5";
  RowRange rows() const {
    return {job_.shard().first_problem(), job_.shard().n_local_problem(), job_.shard().n_problem()};
  }
  const Job& job_;
  int n_request_ = 0;
  bool is_resuming_ = false;
};

TEST(ExtensionPoints, TheLoopInterruptsAndResumesAnyMethod) {
  start_network_library();
  Job job(read_deck(kDeck, "test deck", {}, program_catalogue()), MPI_COMM_WORLD);
  StopAtSecond stop(job);
  job.set_interruptions(stop);
  const MethodDeck& nothing = job.deck().methods[1];
  EXPECT_THROW(job.solve(nothing), StoppedResumable);
  EXPECT_TRUE(job.results().empty());
  stop.set_resuming();
  job.solve(nothing);
  // Three steps remained, and the last one has no safe point. The history has all five steps.
  EXPECT_EQ(job.results()[0].history.entries.size(), 5U);
  EXPECT_EQ(stop.n_request(), 4);
  MPI_Barrier(MPI_COMM_WORLD);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) std::filesystem::remove_all("extension_points");
  MPI_Barrier(MPI_COMM_WORLD);
}

TEST(ExtensionPoints, AVerbParsesItsOwnArguments) {
  const auto& verbs = registered_verbs();
  const auto entry = std::ranges::find(verbs, "do_nothing", &VerbEntry::name);
  ASSERT_NE(entry, verbs.end());
  EXPECT_TRUE(std::ranges::is_sorted(verbs, {}, &VerbEntry::name));
  CLI::App parser;
  const auto verb = entry->make();
  verb->add_arguments(parser);
  parser.parse("--code 3");
  EXPECT_EQ(verb->run("", MPI_COMM_WORLD), ExitCode::too_many_failed);
}

}  // namespace
}  // namespace jpo
