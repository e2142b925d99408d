// Tests a trained network that is read from its result file: bit-identical answers on its own
// problems, and an error message if it does not fit other problems.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include <gtest/gtest.h>
#include <hdf5.h>

#include "core/errors.hpp"
#include "driver/deck_checks.hpp"
#include "driver/output/results.hpp"
#include "tests/methods/make_job.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

// Micro-batches of 4, the last one not full.
constexpr const char* kProblems = R"(
[data]
n_problem = 22
[model]
name = "kuramoto_sivashinsky"
horizon = 5.0
[parallel]
micro_batch = 4
)";

const std::string kTraining = std::string(kProblems) + R"(
[[method]]
name = "joint"
kind = "joint"
updates = 12
learning_rate = 1e-2
)";

const std::string kPrediction = std::string(kProblems) + R"(
[[method]]
kind = "predict"
result = "to be set"
)";

class Predict : public testing::Test {
 protected:
  Predict() {
    int rank = 0, n_rank = 1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_rank);
    rank_ = rank;
    path_ = (fs::temp_directory_path() / ("jpo_test_predict_np" + std::to_string(n_rank) + ".h5"))
                .string();
    remove();
  }
  ~Predict() override { remove(); }

  void remove() const {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_ == 0) fs::remove(path_);
    MPI_Barrier(MPI_COMM_WORLD);
  }

  Job trained(std::vector<std::string> overrides = {}, const std::string& deck = kTraining) const {
    overrides.push_back("run.output=\"" + path_ + "\"");
    Job job = solved_job(deck, overrides, MPI_COMM_WORLD);
    write_results(job, judge_all(job),
                  {.command = "test", .started = time_stamp(), .overwrite = true});
    return job;
  }

  std::vector<std::string> with_result(std::vector<std::string> overrides) const {
    overrides.push_back("method.predict.result=\"" + path_ + "\"");
    return overrides;
  }
  Job predicted(const std::vector<std::string>& overrides = {},
                MPI_Comm comm = MPI_COMM_WORLD) const {
    return solved_job(kPrediction, with_result(overrides), comm);
  }

  /// Returns the error message of the checks of a deck.
  std::string refusal(const std::vector<std::string>& overrides = {}) const {
    start_network_library();
    try {
      const Deck deck =
          read_deck(kPrediction, "test deck", with_result(overrides), program_catalogue());
      check_deck(deck, MPI_COMM_WORLD);
    } catch (const BadInput& error) {
      return error.what();
    }
    return "not refused";
  }

  /// Changes the file on rank 0.
  template <class Change>
  void change_file(Change&& change) const {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_ == 0) {
      const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
      change(file);
      H5Fclose(file);
    }
    MPI_Barrier(MPI_COMM_WORLD);
  }

  int rank_ = 0;
  std::string path_;
};

// Returns the answers of a network that is built from its stored parts. Each micro-batch of 4 is
// predicted in calls with the batch size of the training.
std::vector<double> answers_by_hand(const TrainedNetwork& trained, const ProblemSet& problems) {
  Network network(trained.settings, trained.shape, 1);
  network.set_weights(trained.weights);
  network.set_normalization(trained.normalization);
  const std::int64_t n = problems.observation.n_problem();
  Batch m(n, 2);
  for (std::int64_t begin = 0; begin < n; begin += 4) {
    const std::int64_t end = std::min(n, begin + 4);
    for (std::int64_t first = begin; first < end; first += trained.shape.micro_batch) {
      std::vector<std::int64_t> rows(
          static_cast<std::size_t>(std::min(trained.shape.micro_batch, end - first)));
      std::iota(rows.begin(), rows.end(), first);
      network.predict(kNoGraph, problems.observation, problems.context, rows, m, first);
    }
  }
  const auto values = m.read().values();
  return {values.begin(), values.end()};
}

void expect_same_answers(const Batch& expected, const MethodResult& result) {
  const auto a = expected.read(), b = result.parameters.read();
  for (std::size_t k = 0; k < b.values().size(); ++k) EXPECT_EQ(a.values()[k], b.values()[k]) << k;
}

TEST_F(Predict, OnTheTrainingProblemsEqualsTheTrainedNetwork) {
  for (const auto& training : {std::vector<std::string>{},
                               {"method.joint.mini_batch=3"},
                               {"network.precision=double", "network.output_map=algebraic"},
                               {"network.name=mlp", "network.hidden=[5]"},
                               {"network.name=transformer", "network.head=pooled"}}) {
    const Job job = trained(training);
    const Job again = predicted();
    const MethodResult& result = again.results()[0];
    const auto answers = result.parameters.read().values();
    EXPECT_EQ(std::vector<double>(answers.begin(), answers.end()),
              answers_by_hand(*job.results()[0].network, job.problems()));
    for (std::size_t row = 0; row < result.loss.size(); ++row) {
      EXPECT_EQ(result.ledger.forward[row], 1.0);
      EXPECT_EQ(result.ledger.adjoint[row], 0.0);
      EXPECT_EQ(result.reason[row], StopReason::predicted);
      // The training keeps the best answer of all updates, including the last.
      EXPECT_LE(job.results()[0].loss[row], result.loss[row]);
    }
  }
}

TEST_F(Predict, EqualsTheClosingEvaluationOfSupervised) {
  const Job job =
      trained({}, std::string(kProblems) + "[[method]]\nkind = \"supervised\"\nupdates = 5\n");
  const Job again = predicted();
  expect_same_answers(job.results()[0].parameters, again.results()[0]);
  EXPECT_EQ(job.results()[0].loss, again.results()[0].loss);
}

TEST_F(Predict, SameBitsForEveryRankCount) {
  trained();
  for (const auto& overrides : {std::vector<std::string>{},
                                {"run.seed=5", "data.noise=0.1"},
                                {"run.seed=5", "parallel.micro_batch=3"},
                                {"run.seed=5", "parallel.micro_batch=7", "data.n_problem=17"}})
    EXPECT_EQ(answers_of(predicted(overrides, MPI_COMM_SELF), 0).hash,
              answers_of(predicted(overrides), 0).hash);
}

// The network predicts within the box of its training. Values outside the box of the deck are
// clipped.
TEST_F(Predict, AnswersAreInTheTrainingBoxAndClippedToTheDecksBox) {
  const Job training = trained({"method.joint.learning_rate=0.02"});
  const TrainedNetwork& network = *training.results()[0].network;
  EXPECT_EQ(network.shape.parameters.lower, (std::vector<double>{-1.0, 0.5}));
  EXPECT_EQ(network.shape.parameters.upper, (std::vector<double>{1.0, 1.5}));
  for (const double alpha_max : {0.05, 1.0, 3.0}) {
    const Job job = predicted({"model.alpha_max=" + std::to_string(alpha_max)}, MPI_COMM_SELF);
    const std::vector<double> expected = answers_by_hand(network, job.problems());
    const std::vector<double> answers = answers_of(job, 0).parameters;
    std::size_t n_outside = 0;
    for (std::size_t k = 0; k < answers.size(); k += 2) {
      EXPECT_EQ(answers[k], std::clamp(expected[k], -alpha_max, alpha_max)) << alpha_max;
      EXPECT_EQ(answers[k + 1], expected[k + 1]) << alpha_max;
      n_outside += std::abs(expected[k]) > alpha_max ? 1 : 0;
    }
    EXPECT_EQ(n_outside > 0, alpha_max < 1.0);
  }
}

TEST_F(Predict, AFailedProblemIsIsolatedAndHasAReason) {
  trained();
  const auto clean = answers_of(predicted({}, MPI_COMM_SELF), 0);
  const Job job = predicted({"fault.problems=[6]"}, MPI_COMM_SELF);
  const auto faulty = answers_of(job, 0);
  for (std::size_t id = 0; id < clean.loss.size(); ++id)
    if (id != 6) {
      EXPECT_EQ(clean.loss[id], faulty.loss[id]) << id;
    }
  EXPECT_TRUE(std::isnan(faulty.loss[6]));
  EXPECT_EQ(job.results()[0].reason[6], StopReason::solve_diverged);
}

// The result of a prediction contains the network, so it can be used for another prediction.
TEST_F(Predict, StoresItsNetwork) {
  const Job job = trained();
  const std::string first = path_, second = path_ + ".second.h5";
  Job once = predicted({"run.output=\"" + second + "\""});
  write_results(once, judge_all(once),
                {.command = "test", .started = time_stamp(), .overwrite = true});
  const Job twice = solved_job(
      kPrediction, {"method.predict.result=\"" + second + "\"", "method.predict.network=predict"},
      MPI_COMM_WORLD);
  expect_same_answers(once.results()[0].parameters, twice.results()[0]);
  EXPECT_EQ(twice.results()[0].network->hash, job.results()[0].network->hash);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank_ == 0) fs::remove(second);
}

TEST_F(Predict, RefusesANetworkThatDoesNotFit) {
  EXPECT_NE(refusal().find("there is no such file"), std::string::npos);
  trained();
  EXPECT_EQ(refusal(), "not refused");
  EXPECT_EQ(refusal({"model.alpha_max=0.5", "model.horizon=3.0", "network.name=mlp"}),
            "not refused");
  const auto expect = [&](const std::vector<std::string>& overrides, const std::string& part) {
    const std::string message = refusal(overrides);
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect({"method.predict.network=other"}, "has no such network; allowed: joint");
  expect({"model.n_grid=64"}, "trained on 1 x 128 periodic values of the observation");
  expect({"model.unknown=initial_state"}, "the model of this deck has");
  expect({"run.output=\"" + path_ + "\""}, "reads its network from that file");
}

TEST_F(Predict, RefusesAFileThatIsDamagedOrOld) {
  trained();
  change_file([](hid_t file) {
    const hid_t weights = H5Dopen2(file, "/network/joint/weights", H5P_DEFAULT);
    const hid_t space = H5Dget_space(weights);
    std::vector<double> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
    H5Dread(weights, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    values[3] += 0.5;
    H5Dwrite(weights, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Sclose(space);
    H5Dclose(weights);
  });
  EXPECT_NE(refusal().find("the file is damaged"), std::string::npos) << refusal();
  change_file([](hid_t file) { H5Ldelete(file, "/network/joint/lower", H5P_DEFAULT); });
  EXPECT_NE(refusal().find("was written by an older version"), std::string::npos) << refusal();
  change_file([](hid_t file) { H5Ldelete(file, "/network/joint", H5P_DEFAULT); });
  EXPECT_NE(refusal().find("the file has no trained network"), std::string::npos) << refusal();
  change_file([](hid_t file) { H5Adelete(file, "deck"); });
  EXPECT_NE(refusal().find("not a jpo result file"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace jpo
