#include "io/checkpoint_file.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>
#include <hdf5.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "core/hash.hpp"
#include "io/hdf5_handle.hpp"
#include "io/hdf5_read.hpp"
#include "parallel/broadcast.hpp"
#include "parallel/exact_sum.hpp"
#include "parallel/row_hash.hpp"

namespace jpo {
namespace {

constexpr const char* kKind = "jpo checkpoint 2";
constexpr const char* kPrefix = "checkpoint_";

std::vector<std::string> unfinished_checkpoints(const std::string& folder) {
  std::vector<std::string> parts;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.starts_with(kPrefix) && name.ends_with(".part")) parts.push_back(entry->path());
  }
  return parts;
}

std::uint64_t hash_of(const std::string& name) {
  return hash_values(std::span<const char>(name));
}

// Returns the path of a field's dataset. A '/' in the name makes a group below /state.
std::string dataset_of(const std::string& name) {
  return "/state/" + name;
}

// Returns the rows of this rank if the ranks' n_local rows follow each other. Collective.
RowRange range_of(std::int64_t n_local, MPI_Comm comm) {
  RowRange range{0, n_local, reduce_sum(n_local, comm)};
  MPI_OK(MPI_Exscan(&n_local, &range.first, 1, MPI_INT64_T, MPI_SUM, comm));
  if (mpi::rank(comm) == 0) range.first = 0;
  return range;
}

std::uint64_t hash_lists(const std::vector<std::vector<double>>& lists, std::int64_t first,
                         std::uint64_t seed) {
  std::uint64_t sum = 0;
  for (const std::vector<double>& list : lists) sum += hash_rows(list, 1, first++, seed);
  return sum;
}

std::string hash_text(std::uint64_t hash) {
  return fmt::format("{:016x}", hash);
}

}  // namespace

CheckpointWriter::CheckpointWriter(const std::string& path, const RowRange& rows, MPI_Comm comm)
    : file_(path, true, comm), rows_(rows), comm_(comm), is_first_(mpi::rank(comm) == 0) {
  attribute("kind", kKind);
}

CheckpointWriter::~CheckpointWriter() = default;

void CheckpointWriter::shared(const std::string& name, std::vector<double>& values) {
  if (is_first_) hash_ += hash_values(std::span<const double>(values), hash_of(name));
  // HDF5 1.10 cannot write an empty dataset collectively, so the number of values is stored first.
  std::vector<double> counted = {static_cast<double>(values.size())};
  counted.insert(counted.end(), values.begin(), values.end());
  file_.replicated(dataset_of(name), {std::ssize(counted)}, counted,
                   {"1", "number of values, then the values, which are the same on every rank"});
}

void CheckpointWriter::by_problem(const std::string& name, std::span<double> values) {
  hash_ += hash_rows(values, rows_.n_local, rows_.first, hash_of(name));
  std::array<double, 1> width = {rows_.n_local > 0 ? static_cast<double>(values.size()) /
                                                         static_cast<double>(rows_.n_local)
                                                   : 0.0};
  reduce_max(width, comm_);
  file_.table(dataset_of(name), rows_, static_cast<std::int64_t>(width[0]), values,
              {"1", "one row per problem"});
}

void CheckpointWriter::by_problem(const std::string& name,
                                  std::vector<std::vector<double>>& lists) {
  std::vector<std::size_t> lengths;
  std::vector<double> values;
  for (const std::vector<double>& list : lists) {
    lengths.push_back(list.size());
    values.insert(values.end(), list.begin(), list.end());
  }
  by_problem(name + "/length", lengths);
  hash_ += hash_lists(lists, rows_.first, hash_of(name));
  const RowRange range = range_of(std::ssize(values), comm_);
  if (range.n_global == 0) return;
  file_.table(dataset_of(name + "/values"), range, 1, values,
              {"1", "lists of all problems, one after the other"});
}

void CheckpointWriter::attribute(const std::string& name, const std::string& value) {
  file_.attribute("/", name, value);
}

void CheckpointWriter::commit() {
  attribute("hash", hash_text(reduce_hash(hash_, comm_)));
  file_.commit();
}

struct CheckpointReader::Parts {
  Hid file;
};

CheckpointReader::CheckpointReader(const std::string& path, const RowRange& rows, MPI_Comm comm)
    : path_(path), rows_(rows), comm_(comm), is_first_(mpi::rank(comm) == 0) {
  std::string problem;
  parts_ = std::make_unique<Parts>(Parts{open_for_reading(path, problem)});
  problem = first_text(problem, comm);
  require(problem.empty(), problem);
  std::string kind;
  require(read_attribute(parts_->file.get(), "kind", kind) && kind == kKind,
          "it is not a checkpoint of this version");
}

CheckpointReader::~CheckpointReader() = default;

void CheckpointReader::require(bool good, const std::string& what) const {
  std::array<double, 1> bad = {good ? 0.0 : 1.0};
  reduce_max(bad, comm_);
  if (bad[0] > 0.0) throw BadInput(fmt::format("checkpoint {}: {}", path_, what));
}

void CheckpointReader::shared(const std::string& name, std::vector<double>& values) {
  require(read_dataset(parts_->file.get(), dataset_of(name).c_str(), values),
          fmt::format("damaged: '{}' cannot be read", name));
  require(!values.empty() && values.front() == static_cast<double>(values.size() - 1),
          fmt::format("damaged: '{}' does not have its stored size", name));
  values.erase(values.begin());
  if (is_first_) hash_ += hash_values(std::span<const double>(values), hash_of(name));
}

void CheckpointReader::by_problem(const std::string& name, std::span<double> values) {
  std::int64_t width = rows_.n_local > 0 ? std::ssize(values) / rows_.n_local : 0;
  std::array<double, 1> widest = {static_cast<double>(width)};
  reduce_max(widest, comm_);
  width = static_cast<std::int64_t>(widest[0]);
  // Tables without columns are not written.
  require(width == 0 || read_rows(parts_->file.get(), dataset_of(name).c_str(), rows_.first,
                                  rows_.n_local, rows_.n_global, width, values),
          fmt::format("damaged, or written for other sizes: '{}' cannot be read", name));
  hash_ += hash_rows(values, rows_.n_local, rows_.first, hash_of(name));
}

void CheckpointReader::by_problem(const std::string& name,
                                  std::vector<std::vector<double>>& lists) {
  std::vector<double> lengths(lists.size());
  by_problem(name + "/length", std::span<double>(lengths));
  const std::string dataset = dataset_of(name + "/values");
  const auto n_stored = static_cast<double>(count_rows(parts_->file.get(), dataset.c_str()));
  double n_local = 0.0;
  for (const double length : lengths) n_local += length;
  // Checked before the allocation, because the lengths may come from a damaged file.
  require(std::ranges::all_of(lengths, [](double length) { return length >= 0.0; }) &&
              n_local <= n_stored,
          fmt::format("damaged: '{}' does not have its stored size", name));
  const RowRange range = range_of(static_cast<std::int64_t>(n_local), comm_);
  std::vector<double> values(static_cast<std::size_t>(n_local));
  require(range.n_global == 0 || read_rows(parts_->file.get(), dataset.c_str(), range.first,
                                           range.n_local, range.n_global, 1, values),
          fmt::format("damaged, or written for other sizes: '{}' cannot be read", name));
  auto next = values.begin();
  for (std::size_t k = 0; k < lists.size(); ++k) {
    const auto end = next + static_cast<std::ptrdiff_t>(lengths[k]);
    lists[k].assign(next, end);
    next = end;
  }
  hash_ += hash_lists(lists, rows_.first, hash_of(name));
}

std::string CheckpointReader::attribute(const std::string& name) {
  std::string value;
  require(read_attribute(parts_->file.get(), name.c_str(), value),
          fmt::format("damaged: '{}' cannot be read", name));
  return value;
}

void CheckpointReader::check_hash() {
  require(attribute("hash") == hash_text(reduce_hash(hash_, comm_)),
          "damaged: its values do not match its hash");
}

std::string checkpoint_path(const std::string& folder, std::int64_t n) {
  return fmt::format("{}/{}{:06}.h5", folder, kPrefix, n);
}

std::int64_t checkpoint_number(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename();
  if (!name.starts_with(kPrefix) || !name.ends_with(".h5")) return 0;
  const std::string digits =
      name.substr(std::string(kPrefix).size(), name.size() - std::string(kPrefix).size() - 3);
  const bool is_number =
      !digits.empty() && digits.size() < 18 &&
      std::ranges::all_of(digits, [](char digit) { return digit >= '0' && digit <= '9'; });
  return is_number ? std::stoll(digits) : 0;
}

std::vector<std::string> find_checkpoints(const std::string& folder, MPI_Comm comm) {
  std::vector<std::string> paths;
  if (mpi::rank(comm) == 0) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error))
      if (checkpoint_number(entry->path()) > 0) paths.push_back(entry->path());
    std::ranges::sort(paths, std::greater<>(), checkpoint_number);
  }
  broadcast(paths, comm);
  return paths;
}

std::string stall_marker(const std::string& folder) {
  return folder + "/stalled";
}

void prune_checkpoints(const std::string& folder, std::int64_t keep, MPI_Comm comm) {
  const std::vector<std::string> paths = find_checkpoints(folder, comm);
  if (mpi::rank(comm) == 0) {
    std::error_code ignored;
    for (auto k = static_cast<std::size_t>(keep); k < paths.size(); ++k)
      std::filesystem::remove(paths[k], ignored);
    // A writer that is killed leaves an unfinished file.
    for (const std::string& part : unfinished_checkpoints(folder))
      std::filesystem::remove(part, ignored);
    if (keep == 0) std::filesystem::remove(stall_marker(folder), ignored);
    std::filesystem::remove(folder, ignored);  // has no effect if the folder is not empty
  }
  MPI_OK(MPI_Barrier(comm));
}

}  // namespace jpo
