// long: one test for each kind of error in a file.
// Tests that problems are read from files with any type of numbers, and that a bad file is refused
// with one message, the same on all ranks.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <sys/stat.h>

#include <gtest/gtest.h>
#include <hdf5.h>

#include "core/checks.hpp"
#include "core/errors.hpp"
#include "data/file_set.hpp"
#include "parallel/exact_sum.hpp"
#include "tests/line_model.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kProblem = 11;
constexpr std::int64_t kMicroBatch = 2;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Returns value k of a table, in row-major order.
using Values = std::function<double(std::int64_t k)>;

double counting(std::int64_t k) {
  return static_cast<double>(k);
}

// A file that rank 0 writes and every rank reads.
class FileSet : public testing::Test {
 protected:
  FileSet() {
    MPI_OK(MPI_Comm_rank(MPI_COMM_WORLD, &rank_));
    MPI_OK(MPI_Comm_size(MPI_COMM_WORLD, &n_rank_));
    path_ = fs::temp_directory_path() / ("jpo_test_file_set_np" + std::to_string(n_rank_) + ".h5");
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    write([](hid_t) {});
  }
  ~FileSet() override {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_ == 0) fs::remove_all(path_);
  }

  /// Writes a new file with the group /problems; `fill` adds its members. Collective.
  void write(const std::function<void(hid_t group)>& fill) const {
    on_rank_0([&] {
      fs::remove_all(path_);
      const hid_t file = H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
      const hid_t group = H5Gcreate2(file, "problems", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
      fill(group);
      H5Gclose(group);
      H5Fclose(file);
    });
  }

  void on_rank_0(const std::function<void()>& work) const {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_ == 0) work();
    MPI_Barrier(MPI_COMM_WORLD);
  }

  static void add(hid_t group, const char* name, const std::vector<hsize_t>& sizes,
                  const Values& values = counting, hid_t type = H5T_NATIVE_DOUBLE) {
    const hid_t space = H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr);
    const hid_t set = H5Dcreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<double> content(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
    for (std::size_t k = 0; k < content.size(); ++k)
      content[k] = values(static_cast<std::int64_t>(k));
    H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, content.data());
    H5Dclose(set);
    H5Sclose(space);
  }

  static void add_tables(hid_t group, const Values& observation = counting,
                         const Values& context = counting) {
    add(group, "observation", {kProblem, LineModel::kObservation}, observation);
    add(group, "context", {kProblem, 1}, context);
  }

  DataSettings settings() const {
    DataSettings settings;
    settings.source = "file";
    settings.file = path_;
    settings.n_problem = kProblem;
    return settings;
  }

  ProblemSet read(std::int64_t n_problem = kProblem) const {
    DataSettings first = settings();
    first.n_problem = n_problem;
    return read_problems(first, {n_problem, kMicroBatch, n_rank_, rank_}, model_.shape(),
                         MPI_COMM_WORLD);
  }

  /// Returns the error message on this rank. If n_problem is 0, all problems of the file are read.
  std::string refusal(std::int64_t n_problem = 0) const {
    try {
      read(n_problem > 0 ? n_problem : inspect_problem_file(path_, MPI_COMM_WORLD).n_problem);
    } catch (const BadInput& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_input);
      return error.what();
    }
    return "not refused";
  }

  void expect_refusal(const std::string& expected, std::int64_t n_problem = 0) const {
    const std::string message = refusal(n_problem);
    EXPECT_NE(message.find(expected), std::string::npos) << message << "\n  expected: " << expected;
    EXPECT_NE(message.find(path_), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }

  static std::vector<double> gathered(std::span<const double> local) {
    return gather_rows(local, MPI_COMM_WORLD);
  }
  std::vector<double> usable_ids(const ProblemSet& problems) const {
    std::vector<double> ids;
    for (const std::int64_t row : problems.usable)
      ids.push_back(static_cast<double>(problems.first_id + row));
    return gathered(ids);
  }

  int rank_ = 0;
  int n_rank_ = 1;
  std::string path_;
  LineModel model_;
};

std::vector<double> first_numbers(std::int64_t n, double factor = 1.0) {
  std::vector<double> numbers;
  for (std::int64_t k = 0; k < n; ++k) numbers.push_back(factor * static_cast<double>(k));
  return numbers;
}

TEST_F(FileSet, KeepsTheOrderOfTheRows) {
  write([](hid_t group) {
    add_tables(group, counting, [](std::int64_t k) { return -2.0 * static_cast<double>(k); });
    add(group, "truth", {kProblem, 2}, [](std::int64_t k) { return k == 4 ? kNaN : 0.25; });
    add(group, "floor", {kProblem}, counting);
  });
  for (const std::int64_t n : {kProblem, kProblem - 1, std::int64_t{1}}) {
    const ProblemSet set = read(n);
    EXPECT_EQ(set.n_global, n);
    EXPECT_EQ(gathered(set.observation.read().values()), first_numbers(3 * n));
    EXPECT_EQ(gathered(set.context.read().values()), first_numbers(n, -2.0));
    EXPECT_EQ(gathered(set.floor), first_numbers(n));
    EXPECT_EQ(usable_ids(set), first_numbers(n));
    EXPECT_TRUE(set.has_truth && set.has_floor);
    const std::vector<double> truth = gathered(set.truth.read().values());
    for (std::size_t k = 0; k < truth.size(); ++k)
      EXPECT_TRUE(k == 4 ? std::isnan(truth[k]) : truth[k] == 0.25) << k;
  }
}

TEST_F(FileSet, NeedsNeitherTruthNorFloor) {
  write([](hid_t group) { add_tables(group); });
  const ProblemSet set = read();
  EXPECT_FALSE(set.has_truth || set.has_floor);
  EXPECT_TRUE(std::ranges::all_of(set.floor, [](double value) { return std::isnan(value); }));
  EXPECT_EQ(set.truth.n_problem(), set.observation.n_problem());
  for (const double value : set.truth.read().values()) EXPECT_TRUE(std::isnan(value));
}

TEST_F(FileSet, ReadsNumbersOfAnyPrecisionAndByteOrder) {
  for (const hid_t type : {H5T_IEEE_F32BE, H5T_IEEE_F64BE, H5T_IEEE_F64LE, H5T_STD_I8LE,
                           H5T_STD_U16BE, H5T_STD_I64BE, H5T_NATIVE_LDOUBLE}) {
    write([&](hid_t group) {
      add(group, "observation", {kProblem, 3}, counting, type);
      add(group, "context", {kProblem, 1}, counting, type);
    });
    const ProblemSet set = read();
    EXPECT_EQ(gathered(set.observation.read().values()), first_numbers(3 * kProblem));
    EXPECT_EQ(gathered(set.context.read().values()), first_numbers(kProblem));
  }
}

TEST_F(FileSet, OmitsProblemsWithInvalidNumbers) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {kNaN, infinity, -infinity, 1e200, -1e101}) {
    write([&](hid_t group) {
      add_tables(
          group, [&](std::int64_t k) { return k == 3 * 2 + 1 || k == 3 * 5 ? bad : 1e99; },
          [&](std::int64_t k) { return k == 9 ? bad : 0.0; });
    });
    EXPECT_EQ(usable_ids(read()), (std::vector<double>{0, 1, 3, 4, 6, 7, 8, 10})) << bad;
  }
}

TEST_F(FileSet, HashDependsOnProblemsNotOnRanks) {
  const auto hash = [&](const Values& observation, const Values& context = counting) {
    write([&](hid_t group) { add_tables(group, observation, context); });
    const std::string shared = hash_problems(read(), MPI_COMM_WORLD);
    const ProblemSet alone =
        read_problems(settings(), {kProblem, 5, 1, 0}, model_.shape(), MPI_COMM_SELF);
    EXPECT_EQ(shared, hash_problems(alone, MPI_COMM_SELF));
    return shared;
  };
  const std::string plain = hash(counting);
  EXPECT_EQ(plain, hash(counting));
  // Changes one value of the observation, one context, and the order of two problems.
  EXPECT_NE(plain, hash([](std::int64_t k) { return k == 30 ? 30.5 : counting(k); }));
  EXPECT_NE(plain, hash(counting, [](std::int64_t k) { return k == 3 ? 3.5 : counting(k); }));
  EXPECT_NE(plain, hash([](std::int64_t k) { return counting(k < 6 ? (k + 3) % 6 : k); },
                        [](std::int64_t k) { return counting(k < 2 ? (k + 1) % 2 : k); }));
}

TEST_F(FileSet, RefusesOtherFiles) {
  on_rank_0([&] { fs::remove(path_); });
  expect_refusal("there is no such file");
  on_rank_0([&] { fs::create_directory(path_); });
  expect_refusal("found a directory; expected an HDF5 file");
  on_rank_0([&] {
    fs::remove(path_);
    mkfifo(path_.c_str(), 0600);
  });
  expect_refusal("found a file that is not regular; expected an HDF5 file");
  for (const std::string text : {"", "no HDF5"}) {
    on_rank_0([&] {
      fs::remove_all(path_);
      std::ofstream(path_) << text;
    });
    expect_refusal("found another kind of file; expected an HDF5 file");
  }
  write([](hid_t group) { add_tables(group); });
  on_rank_0([&] { fs::resize_file(path_, fs::file_size(path_) - 1); });
  expect_refusal("the file is cut off: it has ");
}

TEST_F(FileSet, RefusesTablesOfWrongShape) {
  const auto expect = [&](const std::string& message, const std::function<void(hid_t)>& fill) {
    write(fill);
    expect_refusal(message);
  };
  const auto group_at = [](hid_t group, const char* name) {
    H5Gclose(H5Gcreate2(group, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  };
  expect("/problems/observation: found no such dataset; expected integers or floats",
         [&](hid_t group) {
           add(group, "context", {kProblem, 1});
         });
  expect("/problems/context: found 0 values per problem; expected 1: the model's context",
         [&](hid_t group) {
           add(group, "observation", {kProblem, 3});
         });
  expect("/problems/observation: found a group; expected integers or floats [n_problem, n_obs",
         [&](hid_t group) { group_at(group, "observation"); });
  expect("/problems/observation: found [11]; expected integers or floats [n_problem, n_observation",
         [&](hid_t group) { add(group, "observation", {kProblem}); });
  expect("/problems/observation: found no table; expected",
         [&](hid_t group) { add(group, "observation", {}); });
  expect("/problems/observation: found [0, 3]; expected 1 to 1000000000000 rows", [&](hid_t group) {
    add(group, "observation", {0, 3});
  });
  expect("/problems/observation: found 4 values per problem; expected 3: the model's observation",
         [&](hid_t group) {
           add(group, "observation", {kProblem, 4});
         });
  expect("/problems/context: found [10, 1]; expected 11 rows, as in /problems/observation",
         [&](hid_t group) {
           add(group, "observation", {kProblem, 3});
           add(group, "context", {kProblem - 1, 1});
         });
  expect("/problems/truth: found 1 values per problem; expected 2: the model's parameters",
         [&](hid_t group) {
           add_tables(group);
           add(group, "truth", {kProblem, 1});
         });
  expect("/problems/floor: found [11, 1]; expected integers or floats [n_problem]",
         [&](hid_t group) {
           add_tables(group);
           add(group, "floor", {kProblem, 1});
         });
}

TEST_F(FileSet, RefusesOtherTypesThanNumbers) {
  const hid_t text = H5Tcopy(H5T_C_S1);
  const hid_t pair = H5Tcreate(H5T_COMPOUND, 16);
  H5Tinsert(pair, "a", 0, H5T_NATIVE_DOUBLE);
  H5Tinsert(pair, "b", 8, H5T_NATIVE_DOUBLE);
  const hid_t states = H5Tenum_create(H5T_NATIVE_INT8);
  const std::int8_t state = 0;
  H5Tenum_insert(states, "a", &state);
  const hid_t list = H5Tvlen_create(H5T_NATIVE_DOUBLE);
  const hid_t blob = H5Tcreate(H5T_OPAQUE, 32);
  const hid_t wide = H5Tcopy(H5T_NATIVE_INT64);
  H5Tset_size(wide, 40);
  for (const auto& [type, name] : {std::pair{text, "strings"},
                                   {pair, "compound values"},
                                   {states, "values of an enumeration"},
                                   {list, "values of variable length"},
                                   {H5T_STD_REF_OBJ, "references"},
                                   {blob, "values that are not numbers"},
                                   {wide, "numbers of 40 bytes"}}) {
    write([&, element = type](hid_t group) {
      add(group, "observation", {kProblem, 3}, counting, element);
      add(group, "context", {kProblem, 1});
    });
    expect_refusal(std::string("/problems/observation: found ") + name + "; expected integers or");
  }
}

TEST_F(FileSet, FollowsLinksWithinTheFileOnly) {
  const auto with_link = [&](const std::function<void(hid_t)>& link) {
    write([&](hid_t group) {
      add(group, "context", {kProblem, 1});
      add(group, "elsewhere", {kProblem, 3});
      // An external link that leads back into the same file.
      H5Lcreate_external(path_.c_str(), "/problems", group, "gate", H5P_DEFAULT, H5P_DEFAULT);
      link(group);
    });
  };
  const auto soft = [](const char* target) {
    return [target](hid_t group) {
      H5Lcreate_soft(target, group, "observation", H5P_DEFAULT, H5P_DEFAULT);
    };
  };
  with_link(soft("/problems/elsewhere"));
  EXPECT_EQ(gathered(read().observation.read().values()), first_numbers(3 * kProblem));
  for (const char* target : {"/nowhere", "/problems/observation", "/problems/gate/elsewhere"}) {
    with_link(soft(target));
    expect_refusal("/problems/observation: found a link without a target in this file");
  }
  with_link([&](hid_t group) {
    H5Lcreate_external(path_.c_str(), "/problems/elsewhere", group, "observation", H5P_DEFAULT,
                       H5P_DEFAULT);
  });
  expect_refusal("/problems/observation: found a link to another file; expected values in this");
}

TEST_F(FileSet, RefusesValuesInOtherFiles) {
  const std::vector<hsize_t> sizes = {kProblem, 3};
  for (const bool is_virtual : {false, true}) {
    write([&](hid_t group) {
      const hid_t space = H5Screate_simple(2, sizes.data(), nullptr);
      const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
      if (is_virtual)
        H5Pset_virtual(creation, space, "other.h5", "x", space);
      else
        H5Pset_external(creation, "/dev/zero", 0, H5F_UNLIMITED);
      H5Dclose(H5Dcreate2(group, "observation", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, creation,
                          H5P_DEFAULT));
      H5Pclose(creation);
      H5Sclose(space);
    });
    expect_refusal("/problems/observation: found values stored in another file; expected");
  }
}

// The values are stored without the filter, but the reader cannot detect this. Filter 32000 is lzf
// of h5py.
TEST_F(FileSet, RefusesAFilterThatHdf5Lacks) {
  write([](hid_t group) {
    const std::vector<hsize_t> sizes = {kProblem, 3};
    const hid_t space = H5Screate_simple(2, sizes.data(), nullptr);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 2, sizes.data());
    H5Pset_filter(creation, 32000, H5Z_FLAG_OPTIONAL, 0, nullptr);
    H5Dclose(H5Dcreate2(group, "observation", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, creation,
                        H5P_DEFAULT));
    H5Pclose(creation);
    H5Sclose(space);
    add(group, "context", {kProblem, 1});
  });
  expect_refusal("/problems/observation: found values with filter 32000");
}

// Four times the chunks must not take sixteen times the time.
TEST_F(FileSet, ReadsManyChunksInLinearTime) {
  const auto seconds = [&](hsize_t n_row) {
    write([&](hid_t group) {
      const std::vector<hsize_t> sizes = {n_row, LineModel::kObservation};
      const std::vector<hsize_t> largest = {H5S_UNLIMITED, LineModel::kObservation};
      const std::vector<hsize_t> chunk = {1, 1};
      const std::vector<double> values(n_row * LineModel::kObservation, 1.0);
      const hid_t space = H5Screate_simple(2, sizes.data(), largest.data());
      const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
      H5Pset_chunk(creation, 2, chunk.data());
      const hid_t set = H5Dcreate2(group, "observation", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT,
                                   creation, H5P_DEFAULT);
      H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
      H5Dclose(set);
      H5Pclose(creation);
      H5Sclose(space);
      add(group, "context", {n_row, 1});
    });
    const std::clock_t start = std::clock();
    const ProblemSet problems = read(static_cast<std::int64_t>(n_row));
    EXPECT_EQ(std::ssize(problems.usable), problems.observation.n_problem());
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  };
  const double of_few = seconds(2000);
  EXPECT_LT(seconds(8000), 8.0 * of_few + 0.1);
}

TEST_F(FileSet, RefusesMoreProblemsThanTheFileHas) {
  write([](hid_t group) { add_tables(group); });
  expect_refusal("key 'data.n_problem' = 12", kProblem + 1);
  EXPECT_NO_THROW(read(kProblem));
}

// The file stores no values of these tables, but a run would need 32 TB of memory for them.
TEST_F(FileSet, RefusesTablesLargerThanTheMemory) {
  write([](hid_t group) {
    for (const auto& [name, n_column] : {std::pair{"observation", 3}, {"context", 1}}) {
      const std::vector<hsize_t> sizes = {1000000000000, static_cast<hsize_t>(n_column)};
      const std::vector<hsize_t> chunk = {1, static_cast<hsize_t>(n_column)};
      const hid_t space = H5Screate_simple(2, sizes.data(), nullptr);
      const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
      H5Pset_chunk(creation, 2, chunk.data());
      H5Dclose(
          H5Dcreate2(group, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
      H5Pclose(creation);
      H5Sclose(space);
    }
  });
  expect_refusal("1000000000000 problems: found 56000.0 GB of values for one machine; expected");
}

// The path is wrong on one rank; all ranks must throw the same error.
TEST_F(FileSet, RanksAgreeOnAnErrorOfOneRank) {
  write([](hid_t group) { add_tables(group); });
  std::vector<double> y(3), c(1);
  const std::string here = rank_ == n_rank_ - 1 ? path_ + ".gone" : path_;
  try {
    read_problem_rows(here, {0, 1, y, c, {}, {}}, MPI_COMM_WORLD);
    ADD_FAILURE() << "not refused";
  } catch (const BadInput& error) {
    EXPECT_NE(std::string(error.what()).find("there is no such file"), std::string::npos);
  }
}

}  // namespace
}  // namespace jpo
