#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <sys/resource.h>

#include <gtest/gtest.h>
#include <hdf5.h>

#include "core/errors.hpp"
#include "io/result_file.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

class ResultFileTest : public testing::Test {
 protected:
  ResultFileTest() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &n_rank_);
    path_ = fs::temp_directory_path() / ("jpo_test_io_np" + std::to_string(n_rank_) + ".h5");
    if (rank_ == 0) fs::remove(path_);
    MPI_Barrier(MPI_COMM_WORLD);
  }
  ~ResultFileTest() override {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_ == 0) fs::remove(path_);
  }

  /// Returns the rows of this rank, of ten. The last of several ranks has none.
  RowRange my_rows() const {
    const int n_owner = n_rank_ > 1 ? n_rank_ - 1 : 1;
    const std::int64_t first = rank_ < n_owner ? 10 * rank_ / n_owner : 10;
    const std::int64_t last = rank_ < n_owner ? 10 * (rank_ + 1) / n_owner : 10;
    return {first, last - first, 10};
  }

  void write_table(ResultFile& file) const {
    const RowRange rows = my_rows();
    std::vector<double> values(static_cast<std::size_t>(rows.n_local * 3));
    std::iota(values.begin(), values.end(), 3.0 * static_cast<double>(rows.first));
    file.table("/methods/bfgs/parameters", rows, 3, values, {"1", "m"});
  }

  /// Returns true if a part file of any process exists beside the result.
  bool part_exists() const {
    const std::string name = path_.filename().string();
    return std::ranges::any_of(fs::directory_iterator(path_.parent_path()), [&](const auto& entry) {
      const std::string other = entry.path().filename().string();
      return other.starts_with(name) && other.ends_with(".part");
    });
  }

  int rank_ = 0;
  int n_rank_ = 1;
  fs::path path_;
};

std::vector<double> read_back(const fs::path& path, const char* dataset, std::size_t n) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t data = H5Dopen2(file, dataset, H5P_DEFAULT);
  std::vector<double> values(n, -1.0);
  EXPECT_GE(H5Dread(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
  H5Dclose(data);
  H5Fclose(file);
  return values;
}

TEST_F(ResultFileTest, TablesHaveTheRowsOfAllRanks) {
  {
    ResultFile file(path_, true, MPI_COMM_WORLD);
    file.attribute("/", "command", std::string("jpo run"));
    write_table(file);
    const RowRange rows = my_rows();
    const std::vector<std::int8_t> reason(static_cast<std::size_t>(rows.n_local), 2);
    file.enum_table("/methods/bfgs/reason", rows, reason, {{"good", 1}, {"bad", 2}}, {"1", "why"});
    const std::vector<std::int64_t> count(static_cast<std::size_t>(rows.n_local), 7);
    file.column("/methods/bfgs/forward_solves", rows, count, {"1", "solves"});
    file.replicated("/network/weights", {2, 2}, std::vector{1.0, 2.0, 3.0, 4.0}, {"1", "theta"});
    file.strings("/performance/phase", {"a", "longer"}, {"1", "names"});
    file.attribute("/methods/bfgs", "seconds", 1.5);
    file.commit();
  }
  MPI_Barrier(MPI_COMM_WORLD);
  EXPECT_FALSE(part_exists());
  if (rank_ != 0) return;
  std::vector<double> expected(30);
  std::iota(expected.begin(), expected.end(), 0.0);
  EXPECT_EQ(read_back(path_, "/methods/bfgs/parameters", 30), expected);
  EXPECT_EQ(read_back(path_, "/methods/bfgs/reason", 10), std::vector<double>(10, 2.0));
  EXPECT_EQ(read_back(path_, "/methods/bfgs/forward_solves", 10), std::vector<double>(10, 7.0));
  EXPECT_EQ(read_back(path_, "/network/weights", 4), (std::vector{1.0, 2.0, 3.0, 4.0}));
}

TEST_F(ResultFileTest, IsAbsentWithoutCommit) {
  {
    ResultFile file(path_, true, MPI_COMM_WORLD);
    write_table(file);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_FALSE(part_exists());
}

TEST_F(ResultFileTest, AColumnHasOneDimensionATableTwo) {
  {
    ResultFile file(path_, true, MPI_COMM_WORLD);
    const RowRange rows = my_rows();
    const std::vector<double> values(static_cast<std::size_t>(rows.n_local), 1.0);
    file.table("/table", rows, 1, values, {"1", "m"});
    file.column("/column", rows, values, {"1", "loss"});
    file.commit();
  }
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank_ != 0) return;
  const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  for (const auto& [name, n_dimension] : {std::pair{"/table", 2}, {"/column", 1}}) {
    const hid_t data = H5Dopen2(file, name, H5P_DEFAULT);
    const hid_t space = H5Dget_space(data);
    EXPECT_EQ(H5Sget_simple_extent_ndims(space), n_dimension) << name;
    H5Sclose(space);
    H5Dclose(data);
  }
  H5Fclose(file);
}

// A result that another run has written in the meantime is kept, unless `overwrite` is set.
TEST_F(ResultFileTest, ReplacesAFileOnlyIfAllowed) {
  for (const bool overwrite : {false, true}) {
    ResultFile file(path_, overwrite, MPI_COMM_WORLD);
    write_table(file);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_ == 0) std::fclose(std::fopen(path_.c_str(), "w"));
    MPI_Barrier(MPI_COMM_WORLD);
    if (overwrite)
      EXPECT_NO_THROW(file.commit());
    else
      EXPECT_THROW(file.commit(), CannotWrite);
    MPI_Barrier(MPI_COMM_WORLD);
    EXPECT_EQ(fs::file_size(path_) > 0, overwrite);
    EXPECT_EQ(part_exists(), !overwrite);
    MPI_Barrier(MPI_COMM_WORLD);
  }
}

// File sizes are limited to 64 kB; the table has 0.8 MB per rank.
TEST_F(ResultFileTest, AFailedWriteKeepsTheOlderResult) {
  if (rank_ == 0) {
    std::FILE* older = std::fopen(path_.c_str(), "w");
    std::fputs("older", older);
    std::fclose(older);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{65536, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  bool refused = false;
  try {
    ResultFile file(path_, true, MPI_COMM_WORLD);
    const RowRange rows{rank_ * std::int64_t{100}, 100, n_rank_ * std::int64_t{100}};
    const std::vector<double> values(100 * 1000, 1.0);
    file.table("/problems/observation", rows, 1000, values, {"1", "y"});
    file.commit();
  } catch (const CannotWrite& error) {
    refused = true;
    EXPECT_NE(std::string(error.what()).find(path_.string()), std::string::npos) << error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  MPI_Barrier(MPI_COMM_WORLD);
  EXPECT_TRUE(refused);
  EXPECT_FALSE(part_exists());
  EXPECT_EQ(fs::file_size(path_), 5U);
}

TEST_F(ResultFileTest, OutputPathIsChecked) {
  EXPECT_NO_THROW(check_output_path(path_, false, MPI_COMM_WORLD));
  EXPECT_FALSE(fs::exists(path_));
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank_ == 0) std::fclose(std::fopen(path_.c_str(), "w"));
  MPI_Barrier(MPI_COMM_WORLD);
  EXPECT_THROW(check_output_path(path_, false, MPI_COMM_WORLD), BadInput);
  EXPECT_NO_THROW(check_output_path(path_, true, MPI_COMM_WORLD));
  EXPECT_THROW(check_output_path(path_ / "below" / "a.h5", false, MPI_COMM_WORLD), BadInput);
  EXPECT_THROW(check_output_path(fs::temp_directory_path(), true, MPI_COMM_WORLD), BadInput);
}

}  // namespace
}  // namespace jpo
