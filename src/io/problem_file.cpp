#include "io/problem_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "io/hdf5_handle.hpp"
#include "io/stored_chunks.hpp"
#include "io/stored_values.hpp"
#include "parallel/broadcast.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostProblems = 1'000'000'000'000;  // as the key data.n_problem
constexpr std::size_t kWidestNumber = 16;                  // bytes: a long double

// Throws an error of this rank only; agree_on turns it into an error of all ranks.
[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(what);
}

[[noreturn]] void refuse_damaged(const std::string& path) {
  refuse(fmt::format("{}: cannot be read, the file may be damaged: {}", path, hdf5_error_text()));
}

Hid open_file(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) refuse("there is no such file");
  if (fs::is_directory(status)) refuse("found a directory; expected an HDF5 file");
  if (fs::exists(status) && !fs::is_regular_file(status))
    refuse("found a file that is not regular; expected an HDF5 file");
  if (access(path.c_str(), R_OK) != 0)
    refuse(fmt::format("cannot be read: {}", std::strerror(errno)));
  if (H5Fis_hdf5(path.c_str()) <= 0) refuse("found another kind of file; expected an HDF5 file");
  std::string problem;
  Hid file = open_for_reading(path, problem);
  if (file.get() < 0) refuse(problem);
  return file;
}

// Returns access properties with which links to other files are not followed: all values must be in
// the named file.
Hid links_within_file() {
  const auto stop = [](const char*, const char*, const char*, const char*, unsigned*, hid_t,
                       void*) -> herr_t { return -1; };
  Hid links(H5Pcreate(H5P_LINK_ACCESS), H5Pclose);
  if (H5Pset_elink_cb(links.get(), stop, nullptr) < 0) refuse_damaged("/");
  return links;
}

// Returns an object of a group; nothing if the group has no link of that name.
std::optional<Hid> find(hid_t group, const std::string& name, const std::string& path,
                        hid_t links) {
  const htri_t exists = H5Lexists(group, name.c_str(), links);
  if (exists < 0) refuse_damaged(path);
  if (exists == 0) return std::nullopt;
  H5L_info_t link{};
  if (H5Lget_info(group, name.c_str(), &link, links) < 0) refuse_damaged(path);
  if (link.type == H5L_TYPE_EXTERNAL)
    refuse(path + ": found a link to another file; expected values in this file");
  Hid object(H5Oopen(group, name.c_str(), links), H5Oclose);
  if (object.get() >= 0) return object;
  if (link.type == H5L_TYPE_SOFT)
    refuse(path + ": found a link without a target in this file; expected values");
  refuse_damaged(path);
}

std::string object_kind(hid_t object) {
  switch (H5Iget_type(object)) {
    case H5I_GROUP:
      return "a group";
    case H5I_DATASET:
      return "a dataset";
    default:
      return "an object that is neither a group nor a dataset";
  }
}

std::string type_text(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_FLOAT:
      return fmt::format("numbers of {} bytes", H5Tget_size(type));
    case H5T_STRING:
      return "strings";
    case H5T_COMPOUND:
      return "compound values";
    case H5T_ENUM:
      return "values of an enumeration";
    case H5T_VLEN:
      return "values of variable length";
    case H5T_ARRAY:
      return "arrays";
    case H5T_REFERENCE:
      return "references";
    default:
      return "values that are not numbers";
  }
}

// Expected name and layout of a table.
struct TableRule {
  /// Name in /problems.
  const char* name;
  /// Text for messages.
  const char* layout;
  std::size_t n_dimension;
};
constexpr TableRule kObservation = {"observation", "[n_problem, n_observation]", 2};
constexpr TableRule kContext = {"context", "[n_problem, n_context]", 2};
constexpr TableRule kTruth = {"truth", "[n_problem, n_parameter]", 2};
constexpr TableRule kStart = {"start", "[n_problem, n_parameter]", 2};
constexpr TableRule kFloor = {"floor", "[n_problem]", 1};

// A table of numbers in a file.
class Table {
 public:
  Table(Hid dataset, const TableRule& rule)
      : dataset_(std::move(dataset)), path_(std::string("/problems/") + rule.name) {
    if (H5Iget_type(dataset_.get()) != H5I_DATASET) refuse_table(object_kind(dataset_.get()), rule);
    check_type(rule);
    read_sizes();
    if (sizes_.size() != rule.n_dimension)
      refuse_table(sizes_.empty() ? "no table" : fmt::format("{}", sizes_), rule);
    check_storage();
    read_meaning();
  }

  std::int64_t n_row() const { return sizes_[0]; }
  std::int64_t n_column() const { return sizes_.size() > 1 ? sizes_[1] : 1; }
  std::string found_text() const { return fmt::format("{}: found {}", path_, sizes_); }

  void read_rows(std::int64_t first, std::int64_t n, std::span<double> values) const {
    const std::int64_t width = std::ssize(values) / n;
    if (width * n != std::ssize(values) || width != n_column() || n > n_row() ||
        first > n_row() - n)
      refuse(found_text() + "; its size has changed: another program writes to the file");
    std::vector<hsize_t> start(sizes_.size(), 0);
    std::vector<hsize_t> count(sizes_.size(), static_cast<hsize_t>(width));
    start[0] = static_cast<hsize_t>(first);
    count[0] = static_cast<hsize_t>(n);
    const Hid file_space(H5Dget_space(dataset_.get()), H5Sclose);
    const Hid memory_space(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr),
                           H5Sclose);
    if (!chunks_are_whole(dataset_.get(), first, n))
      refuse(path_ +
             ": found chunks whose number of bytes does not match their values: the file is "
             "damaged");
    if (H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                            nullptr) < 0 ||
        H5Dread(dataset_.get(), H5T_NATIVE_DOUBLE, memory_space.get(), file_space.get(),
                H5P_DEFAULT, values.data()) < 0)
      refuse_damaged(path_);
    meaning_->apply(values);
  }

 private:
  [[noreturn]] void refuse_table(const std::string& found, const TableRule& rule) const {
    refuse(fmt::format("{}: found {}; expected integers or floats {}", path_, found, rule.layout));
  }

  void check_type(const TableRule& rule) const {
    const Hid type(H5Dget_type(dataset_.get()), H5Tclose);
    if (type.get() < 0) refuse_damaged(path_);
    const H5T_class_t kind = H5Tget_class(type.get());
    if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || H5Tget_size(type.get()) > kWidestNumber)
      refuse_table(type_text(type.get()), rule);
  }

  // Reads the sizes and their maxima.
  void read_sizes() {
    const Hid space(H5Dget_space(dataset_.get()), H5Sclose);
    if (space.get() < 0) refuse_damaged(path_);
    if (H5Sget_simple_extent_type(space.get()) != H5S_SIMPLE) return;
    const int n_dimension = H5Sget_simple_extent_ndims(space.get());
    std::vector<hsize_t> sizes(static_cast<std::size_t>(std::max(n_dimension, 0)));
    largest_.resize(sizes.size());
    if (H5Sget_simple_extent_dims(space.get(), sizes.data(), largest_.data()) < 0)
      refuse_damaged(path_);
    constexpr hsize_t most = std::numeric_limits<std::int64_t>::max();
    for (const hsize_t size : sizes)
      sizes_.push_back(static_cast<std::int64_t>(std::min(size, most)));
  }

  void check_storage() const {
    const Hid creation(H5Dget_create_plist(dataset_.get()), H5Pclose);
    if (creation.get() < 0) refuse_damaged(path_);
    if (H5Pget_external_count(creation.get()) != 0 || H5Pget_layout(creation.get()) == H5D_VIRTUAL)
      refuse(path_ + ": found values stored in another file; expected values in this file");
    if (H5Pget_layout(creation.get()) == H5D_CHUNKED) check_chunks(creation.get());
    for (int k = 0; k < H5Pget_nfilters(creation.get()); ++k)
      check_filter(creation.get(), static_cast<unsigned>(k));
  }

  void read_meaning() {
    try {
      meaning_ = std::make_unique<StoredValues>(dataset_.get());
    } catch (const std::runtime_error& error) {
      refuse(fmt::format("{}: {}", path_, error.what()));
    }
  }

  // HDF5 does not write chunks larger than the table. HDF5 1.10.8 would read beyond the end of
  // their values.
  void check_chunks(hid_t creation) const {
    std::vector<hsize_t> chunk(sizes_.size());
    const int n_dimension = static_cast<int>(chunk.size());
    if (H5Pget_chunk(creation, n_dimension, chunk.data()) != n_dimension) refuse_damaged(path_);
    for (std::size_t k = 0; k < chunk.size(); ++k)
      if (chunk[k] > largest_[k])  // H5S_UNLIMITED, the largest number, if there is no limit
        refuse(fmt::format("{}: found chunks of {}, larger than the table: the file is damaged",
                           path_, chunk));
  }

  void check_filter(hid_t creation, unsigned k) const {
    std::array<char, 64> name{};
    std::size_t n_value = 0;
    unsigned flags = 0;
    const H5Z_filter_t filter = H5Pget_filter2(creation, k, &flags, &n_value, nullptr,
                                               name.size() - 1, name.data(), nullptr);
    if (filter < 0) refuse_damaged(path_);
    const bool is_checked = filter == H5Z_FILTER_SHUFFLE || filter == H5Z_FILTER_FLETCHER32 ||
                            filter == H5Z_FILTER_DEFLATE;
    if (!is_checked || H5Zfilter_avail(filter) <= 0)
      refuse(
          fmt::format("{}: found values with filter {} ({}); expected no filter, gzip, shuffle or "
                      "fletcher32; convert the file with h5repack -f GZIP=1",
                      path_, static_cast<int>(filter), name.data()));
  }

  Hid dataset_;
  std::string path_;
  std::vector<std::int64_t> sizes_;
  /// Maximum of each size.
  std::vector<hsize_t> largest_;
  std::unique_ptr<StoredValues> meaning_;
};

// The group /problems of an open file.
class ProblemGroup {
 public:
  explicit ProblemGroup(const std::string& path)
      : file_(open_file(path)), links_(links_within_file()), group_(open_group()) {}

  std::optional<Table> table(const TableRule& rule) const {
    auto object =
        find(group_.get(), rule.name, std::string("/problems/") + rule.name, links_.get());
    if (!object) return std::nullopt;
    return Table(std::move(*object), rule);
  }

  /// Returns a table that is required.
  Table needed(const TableRule& rule) const {
    auto found = table(rule);
    if (!found)
      refuse(fmt::format("/problems/{0}: found no such dataset; expected integers or floats {1}",
                         rule.name, rule.layout));
    return std::move(*found);
  }

 private:
  Hid open_group() const {
    auto group = find(file_.get(), "problems", "/problems", links_.get());
    if (!group)
      refuse("/problems: found no such group; expected a group with the dataset observation");
    if (H5Iget_type(group->get()) != H5I_GROUP)
      refuse(fmt::format("/problems: found {}; expected a group", object_kind(group->get())));
    return std::move(*group);
  }

  Hid file_;
  Hid links_;
  Hid group_;
};

// Returns the number of columns of an optional table; 0 if it is missing. Throws if its number of
// rows is not n_problem.
std::int64_t columns_of(const ProblemGroup& group, const TableRule& rule, std::int64_t n_problem) {
  const auto table = group.table(rule);
  if (!table) return 0;
  if (table->n_row() != n_problem)
    refuse(fmt::format("{}; expected {} rows, as in /problems/observation", table->found_text(),
                       n_problem));
  return table->n_column();
}

ProblemFileSizes inspect_here(const std::string& path) {
  const ProblemGroup group(path);
  const Table observation = group.needed(kObservation);
  ProblemFileSizes sizes;
  sizes.n_problem = observation.n_row();
  sizes.n_observation = observation.n_column();
  if (sizes.n_problem < 1 || sizes.n_problem > kMostProblems)
    refuse(fmt::format("{}; expected 1 to {} rows", observation.found_text(), kMostProblems));
  sizes.n_context = columns_of(group, kContext, sizes.n_problem);
  sizes.n_parameter = columns_of(group, kTruth, sizes.n_problem);
  sizes.n_start = columns_of(group, kStart, sizes.n_problem);
  sizes.has_floor = columns_of(group, kFloor, sizes.n_problem) > 0;
  return sizes;
}

void read_here(const std::string& path, const ProblemRows& rows) {
  if (rows.n == 0) return;
  const ProblemGroup group(path);
  const auto read = [&](const TableRule& rule, std::span<double> values) {
    if (!values.empty()) group.needed(rule).read_rows(rows.first, rows.n, values);
  };
  read(kObservation, rows.observation);
  read(kContext, rows.context);
  read(kTruth, rows.truth);
  read(kStart, rows.start);
  read(kFloor, rows.floor);
}

// Calls work() on this rank. Throws BadInput on all ranks if it throws on any rank. Collective on
// comm.
template <class Work>
void agree_on(const std::string& path, MPI_Comm comm, Work&& work) {
  std::string refusal;
  try {
    quiet_hdf5();
    work();
  } catch (const std::exception& error) {
    refusal = error.what();
  }
  refusal = first_text(std::move(refusal), comm);
  if (!refusal.empty()) throw BadInput(fmt::format("key 'data.file' = \"{}\": {}", path, refusal));
}

}  // namespace

ProblemFileSizes inspect_problem_file(const std::string& path, MPI_Comm comm) {
  const int rank = mpi::rank(comm);
  ProblemFileSizes sizes;
  agree_on(path, comm, [&] {
    if (rank == 0) sizes = inspect_here(path);
  });
  for (std::int64_t* size : {&sizes.n_problem, &sizes.n_observation, &sizes.n_context,
                             &sizes.n_parameter, &sizes.n_start})
    broadcast(*size, comm);
  broadcast(sizes.has_floor, comm);
  return sizes;
}

void read_problem_rows(const std::string& path, const ProblemRows& rows, MPI_Comm comm) {
  agree_on(path, comm, [&] { read_here(path, rows); });
}

}  // namespace jpo
