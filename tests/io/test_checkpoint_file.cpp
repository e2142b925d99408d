// Tests that a checkpoint returns the written values on any number of ranks, and reports damage.

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <hdf5.h>

#include "core/errors.hpp"
#include "io/checkpoint_file.hpp"
#include "io/hdf5_handle.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kProblem = 7;

int rank_of(MPI_Comm comm) {
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  return rank;
}

// Four problems per rank; the last ranks have fewer or none. A single rank has all.
RowRange rows_of(MPI_Comm comm) {
  int n_rank = 1;
  MPI_Comm_size(comm, &n_rank);
  const std::int64_t share = n_rank == 1 ? kProblem : 4;
  const std::int64_t first = std::min<std::int64_t>(kProblem, share * rank_of(comm));
  return {first, std::min(share, kProblem - first), kProblem};
}

struct State {
  explicit State(const RowRange& rows)
      : columns(static_cast<std::size_t>(3 * rows.n_local)),
        counts(static_cast<std::size_t>(rows.n_local)),
        batch(rows.n_local, 2),
        lists(counts.size()),
        no_lists(counts.size()) {}

  void fill(const RowRange& rows) {
    update = 41;
    is_on = true;
    shared = {1.0, -0.0, std::numeric_limits<double>::quiet_NaN(), 1e-310};
    for (std::size_t k = 0; k < columns.size(); ++k)
      columns[k] = std::sqrt(static_cast<double>(rows.first * 3) + static_cast<double>(k));
    for (std::size_t k = 0; k < counts.size(); ++k)
      counts[k] = (std::int64_t{1} << 52) + rows.first + static_cast<std::int64_t>(k);
    // The list of problem k has k numbers.
    for (std::int64_t row = 0; row < rows.n_local; ++row)
      lists[static_cast<std::size_t>(row)].assign(static_cast<std::size_t>(rows.first + row),
                                                  std::sqrt(static_cast<double>(rows.first + row)));
    const auto write = batch.write();
    for (std::size_t k = 0; k < write.values().size(); ++k)
      write.values()[k] = 0.1 * static_cast<double>(2 * rows.first) + 0.1 * static_cast<double>(k);
  }
  void archive(StateArchive& archive) {
    archive.shared("update", update);
    archive.shared("is on", is_on);
    archive.shared("deep/shared", shared);
    archive.shared("deep/empty", empty);
    archive.by_problem("deep/columns", std::span<double>(columns));
    archive.by_problem("counts", counts);
    archive.by_problem("batch", batch);
    archive.by_problem("nothing", nothing);
    archive.by_problem("lists", lists);
    archive.by_problem("no lists", no_lists);
  }

  std::int64_t update = 0;
  bool is_on = false;
  std::vector<double> shared, empty, columns;
  std::vector<std::int64_t> counts, nothing;
  Batch batch;
  std::vector<std::vector<double>> lists, no_lists;
};

std::string bits(std::span<const double> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

class Checkpoint : public testing::Test {
 protected:
  void write(MPI_Comm comm) const {
    const RowRange rows = rows_of(comm);
    State state(rows);
    state.fill(rows);
    CheckpointWriter writer(path(), rows, comm);
    writer.attribute("deck", "a deck");
    state.archive(writer);
    writer.commit();
  }
  void expect_read(MPI_Comm comm) const {
    const RowRange rows = rows_of(comm);
    State expected(rows), state(rows);
    expected.fill(rows);
    CheckpointReader reader(path(), rows, comm);
    EXPECT_EQ(reader.attribute("deck"), "a deck");
    state.archive(reader);
    reader.check_hash();
    EXPECT_EQ(state.update, 41);
    EXPECT_TRUE(state.is_on);
    EXPECT_TRUE(state.empty.empty());
    EXPECT_EQ(bits(state.shared), bits(expected.shared));
    EXPECT_EQ(bits(state.columns), bits(expected.columns));
    EXPECT_EQ(state.counts, expected.counts);
    EXPECT_EQ(state.lists, expected.lists);
    EXPECT_EQ(state.no_lists, expected.no_lists);
    EXPECT_EQ(bits(state.batch.read().values()), bits(expected.batch.read().values()));
  }
  // Reads everything, as a resumed run does.
  void read_all(MPI_Comm comm) const {
    State state(rows_of(comm));
    CheckpointReader reader(path(), rows_of(comm), comm);
    state.archive(reader);
    reader.check_hash();
  }
  void put_first(const char* dataset, double value) const {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_of(MPI_COMM_WORLD) == 0) {
      const Hid file(H5Fopen(path().c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
      const Hid set(H5Dopen2(file.get(), dataset, H5P_DEFAULT), H5Dclose);
      ASSERT_GE(set.get(), 0) << dataset;
      const Hid stored(H5Dget_space(set.get()), H5Sclose);
      std::vector<double> values(
          static_cast<std::size_t>(H5Sget_simple_extent_npoints(stored.get())));
      H5Dread(set.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
      values.at(0) = value;
      H5Dwrite(set.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    }
    MPI_Barrier(MPI_COMM_WORLD);
  }
  std::string folder() const { return "checkpoint_test"; }
  std::string path() const { return checkpoint_path(folder(), 3); }
  void TearDown() override {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_of(MPI_COMM_WORLD) == 0) std::filesystem::remove_all(folder());
    MPI_Barrier(MPI_COMM_WORLD);
  }
};

TEST_F(Checkpoint, ReturnsTheSameBitsOnAnyNumberOfRanks) {
  write(MPI_COMM_WORLD);
  expect_read(MPI_COMM_WORLD);
  expect_read(MPI_COMM_SELF);
}

// Damages: a flipped bit in a number, a truncated file, another file.
TEST_F(Checkpoint, DamageIsRefused) {
  write(MPI_COMM_WORLD);
  const double stored = std::sqrt(4.0 * 3.0 + 2.0);
  std::string bytes;
  {
    std::ifstream file(path(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto position = bytes.find(bits(std::span(&stored, 1)));
  ASSERT_NE(position, std::string::npos);
  const auto put = [&](const std::string& text) {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_of(MPI_COMM_WORLD) == 0)
      std::ofstream(path(), std::ios::binary | std::ios::trunc) << text;
    MPI_Barrier(MPI_COMM_WORLD);
  };
  std::string flipped = bytes;
  flipped[position] = static_cast<char>(flipped[position] ^ 1);
  put(flipped);
  EXPECT_THROW(read_all(MPI_COMM_WORLD), BadInput);
  put(bytes.substr(0, bytes.size() / 2));
  EXPECT_THROW(read_all(MPI_COMM_WORLD), BadInput);
  put("no checkpoint");
  EXPECT_THROW(read_all(MPI_COMM_WORLD), BadInput);
  put(bytes);
  EXPECT_NO_THROW(read_all(MPI_COMM_WORLD));
}

// Stored lengths are checked before memory is allocated or values are read.
TEST_F(Checkpoint, ImpossibleLengthsAreRefused) {
  for (const double length : {-1.0, 1e300, std::numeric_limits<double>::quiet_NaN(),
                              std::numeric_limits<double>::infinity()}) {
    write(MPI_COMM_WORLD);
    EXPECT_NO_THROW(read_all(MPI_COMM_WORLD));
    put_first("/state/lists/length", length);
    EXPECT_THROW(read_all(MPI_COMM_WORLD), BadInput) << length;
  }
}

TEST_F(Checkpoint, CountsAboveTheLimitAreRefused) {
  write(MPI_COMM_WORLD);
  for (const std::size_t most : {41U, 40U}) {
    CheckpointReader reader(path(), rows_of(MPI_COMM_WORLD), MPI_COMM_WORLD);
    std::size_t update = 0;
    if (most == 41) {
      EXPECT_NO_THROW(reader.shared_count("update", update, most));
      EXPECT_EQ(update, 41);
    } else {
      EXPECT_THROW(reader.shared_count("update", update, most), BadInput);
    }
  }
}

TEST_F(Checkpoint, AnotherNumberOfProblemsIsRefused) {
  write(MPI_COMM_WORLD);
  RowRange rows = rows_of(MPI_COMM_WORLD);
  rows.n_global = kProblem + 1;
  CheckpointReader reader(path(), rows, MPI_COMM_WORLD);
  State state(rows);
  EXPECT_THROW(state.archive(reader), BadInput);
}

TEST_F(Checkpoint, PruningKeepsTheNewest) {
  EXPECT_TRUE(find_checkpoints(folder(), MPI_COMM_WORLD).empty());
  for (const std::int64_t n : {3, 12, 1000004}) {
    CheckpointWriter writer(checkpoint_path(folder(), n), rows_of(MPI_COMM_WORLD), MPI_COMM_WORLD);
    writer.commit();
  }
  if (rank_of(MPI_COMM_WORLD) == 0) {
    std::ofstream(folder() + "/checkpoint_000013.h5.99.part") << "killed";
    std::ofstream(folder() + "/mine.h5") << "not ours";
  }
  prune_checkpoints(folder(), 2, MPI_COMM_WORLD);
  EXPECT_EQ(find_checkpoints(folder(), MPI_COMM_WORLD),
            (std::vector<std::string>{checkpoint_path(folder(), 1000004),
                                      checkpoint_path(folder(), 12)}));
  EXPECT_FALSE(std::filesystem::exists(folder() + "/checkpoint_000013.h5.99.part"));
  EXPECT_TRUE(std::filesystem::exists(folder() + "/mine.h5"));
}

}  // namespace
}  // namespace jpo
