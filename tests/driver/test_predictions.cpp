#include <filesystem>

#include <gtest/gtest.h>

#include "driver/checkpoints/checkpoints.hpp"
#include "driver/footprint.hpp"
#include "driver/output/results.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDeck = R"(
[data]
n_problem = 2000
[model]
name = "wave_packet"
[network]
name = "mlp"
hidden = [64]
[parallel]
micro_batch = 500
[checkpoint]
every_updates = 1
keep = 1
[[method]]
kind = "tao"
max_evaluations = 2
[[method]]
kind = "joint"
updates = 2
)";

TEST(Bytes, HaveUnits) {
  EXPECT_EQ(bytes_text(0.0), "0.0 B");
  EXPECT_EQ(bytes_text(1500.0), "1.5 kB");
  EXPECT_EQ(bytes_text(2.5e12), "2.5 TB");
}

TEST(Predictions, OfMemoryDivideTheProblemsAmongRanks) {
  const Deck deck = read_deck(kDeck, "deck", {}, program_catalogue());
  const ModelShape shape = make_model(deck, Resolution::inversion)->shape();
  const MemoryNeed one = predict_memory(deck, shape, 1);
  // A problem has 256 observations, and its parameter is stored four times.
  EXPECT_EQ(one.problems, 2000.0 * (256.0 + 5.0) * 8.0);
  EXPECT_EQ(predict_memory(deck, shape, 3).problems, one.problems / 2.0);
  EXPECT_EQ(predict_memory(deck, shape, 4).problems, one.problems / 4.0);
  EXPECT_EQ(predict_memory(deck, shape, 9).problems, one.problems / 4.0);
  EXPECT_EQ(predict_memory(deck, shape, 9).weights, one.weights);
  // 128 concurrent solves of at most two evaluations, with six numbers each.
  EXPECT_EQ(one.recorded, 128.0 * 2.0 * 6.0 * 8.0);
}

TEST(Predictions, CountTheMemoryOfAModelOnce) {
  const Deck deck = read_deck(kDeck, "deck", {"model.name=diffusion"}, program_catalogue());
  ModelShape shape = make_model(deck, Resolution::inversion)->shape();
  EXPECT_GT(shape.fixed_bytes, 10.0 * 63.0 * 8.0);  // one workspace with ten states of 63 points
  EXPECT_EQ(shape.state_bytes, 8.0 * 8.0);          // the parameters of each problem
  const double states = predict_memory(deck, shape, 1).states;
  EXPECT_EQ(states, 16.0 * shape.state_bytes + shape.fixed_bytes);
}

TEST(Predictions, OfADeviceGiveTheNumberOfProblemsThatFit) {
  const std::vector<std::string> model = {"model.name=kuramoto_sivashinsky"};
  const Deck deck = read_deck(kDeck, "deck", model, program_catalogue());
  ModelShape shape = make_model(deck, Resolution::inversion)->shape();
  shape.tangent_bytes = 1000.0;
  ASSERT_EQ(shape.state_block, 16);
  const double sixteen = predict_device_memory(deck, shape, 1, 16);
  EXPECT_GT(sixteen, 16.0 * shape.state_bytes);
  EXPECT_EQ(predict_device_memory(deck, shape, 1, 1), sixteen);
  for (const double room : {1.5 * sixteen, 1e9, 8e10}) {
    const std::int64_t most = most_on_device(deck, shape, 1, room);
    EXPECT_EQ(most % 16, 0);
    EXPECT_LE(predict_device_memory(deck, shape, 1, most), room);
    EXPECT_GT(predict_device_memory(deck, shape, 1, most + 1), room);
  }
  EXPECT_EQ(most_on_device(deck, shape, 1, 0.5 * sixteen), 0);
  EXPECT_EQ(problems_at_once(deck, shape, 1), 16);  // the default for the host
  // Gauss-Newton also stores the tangents of the states.
  std::string with_tangents = kDeck;
  with_tangents += "[[method]]\nkind = \"levenberg_marquardt\"\n";
  const Deck more = read_deck(with_tangents, "deck", model, program_catalogue());
  const double answers = 2000.0 * 4.0 * 8.0;
  EXPECT_EQ(predict_device_memory(more, shape, 1, 16), sixteen + 16.0 * 1000.0 + answers);
  // Each of two ranks has half of the problems and of their observations, parameters and contexts.
  const double of_a_problem = 2.0 * 128.0 + (4.0 + 2.0 * 2.0) * 2.0;
  EXPECT_EQ(predict_device_memory(deck, shape, 2, 16), sixteen - 1000.0 * of_a_problem * 8.0);
}

// Predicted sizes of the files of a run are correct within a factor of two.
TEST(Predictions, OfFilesAreCorrect) {
  const fs::path folder = fs::temp_directory_path() / "jpo_test_predictions";
  const std::string output = folder / "a.h5";
  fs::remove_all(folder);
  const Deck deck =
      read_deck(kDeck, "deck", {"run.output=\"" + output + "\""}, program_catalogue());
  const ModelShape shape = make_model(deck, Resolution::inversion)->shape();
  const FileNeed need = predict_files(deck, shape);
  Job job(read_deck(kDeck, "deck", {"run.output=\"" + output + "\""}, program_catalogue()),
          MPI_COMM_WORLD);
  RunRecord record;
  record.resumed_by = "this test";
  const OutputLock lock(job.deck(), MPI_COMM_WORLD);
  Checkpoints checkpoints(job, lock, record);
  job.set_interruptions(checkpoints);
  start_network_library();
  for (const MethodDeck& method : job.deck().methods) job.solve(method);
  const auto found = find_checkpoints(checkpoint_folder(deck), MPI_COMM_WORLD);
  ASSERT_FALSE(found.empty());
  const auto checkpoint = static_cast<double>(fs::file_size(found.front()));
  EXPECT_GT(need.checkpoint, 0.9 * checkpoint);
  EXPECT_LT(need.checkpoint, 2.0 * checkpoint);
  write_results(job, judge_all(job), {.command = "", .started = "", .overwrite = true});
  const auto result = static_cast<double>(fs::file_size(output));
  EXPECT_GT(need.result, 0.9 * result);
  EXPECT_LT(need.result, 2.0 * result);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace jpo
