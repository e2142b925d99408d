#include "io/output_folder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "io/hdf5_handle.hpp"
#include "io/hdf5_read.hpp"
#include "io/result_file.hpp"
#include "parallel/broadcast.hpp"
#include "parallel/exact_sum.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

// Returns a unique name for a file that is removed after the test.
std::string trial_name(const std::string& folder, std::int64_t process) {
  return fmt::format("{}/.jpo_doctor_{}.h5", folder, process);
}

// Creates a new file and removes it. Returns the reason if this fails, otherwise an empty text.
std::string try_file(const std::string& folder) {
  const std::string path = trial_name(folder, getpid());
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (file < 0) return std::strerror(errno);
  close(file);
  unlink(path.c_str());
  return "";
}

constexpr std::int64_t kWidth = 64;

double value_at(std::int64_t row, std::int64_t column) {
  return static_cast<double>(row) + static_cast<double>(column) / kWidth;
}

RowRange rows_of(int rank, int n_rank, std::int64_t n_local) {
  return {rank * n_local, n_local, n_rank * n_local};
}

void write_rows(const std::string& path, const RowRange& rows, MPI_Comm comm) {
  std::vector<double> values;
  for (std::int64_t row = rows.first; row < rows.first + rows.n_local; ++row)
    for (std::int64_t column = 0; column < kWidth; ++column)
      values.push_back(value_at(row, column));
  ResultFile file(path, false, comm);
  file.table("/trial", rows, kWidth, values, {"1", "values of a write test"});
  file.commit();
}

// Reads the rows and compares them with value_at. Returns the reason if they differ, otherwise an
// empty text.
std::string read_rows_back(const std::string& path, const RowRange& rows) {
  std::string problem;
  const Hid file = open_for_reading(path, problem);
  if (file.get() < 0) return "a rank cannot open the written file: " + problem;
  std::vector<double> values(static_cast<std::size_t>(rows.n_local * kWidth));
  if (!read_rows(file.get(), "/trial", rows.first, rows.n_local, rows.n_global, kWidth, values))
    return "a rank cannot read the rows written by another rank: " + hdf5_error_text();
  for (std::size_t k = 0; k < values.size(); ++k) {
    const auto index = static_cast<std::int64_t>(k);
    if (values[k] != value_at(rows.first + index / kWidth, index % kWidth))
      return "a rank reads numbers that differ from the written ones";
  }
  return "";
}

}  // namespace

TemporaryFolder::TemporaryFolder(std::string path, MPI_Comm comm)
    : path_(path.empty() ? "." : std::move(path)), comm_(comm) {
  if (mpi::rank(comm_) == 0) make();
  broadcast(refusal_, comm_);
}

void TemporaryFolder::make() {
  std::error_code code;
  std::vector<fs::path> missing;
  for (fs::path folder = path_; !folder.empty() && !fs::exists(folder, code);
       folder = folder.parent_path())
    missing.push_back(folder);
  std::ranges::reverse(missing);
  for (const fs::path& folder : missing) {
    // "a/b/" ends in an empty name; create_directory then returns false without an error.
    if (fs::create_directory(folder, code)) made_.push_back(folder);
    if (code) break;
  }
  refusal_ = code ? code.message() : try_file(path_);
}

TemporaryFolder::~TemporaryFolder() {
  // Other ranks may still use the folder.
  MPI_Barrier(comm_);
  std::error_code ignored;
  std::ranges::reverse(made_);
  for (const std::string& folder : made_) fs::remove(folder, ignored);
}

std::string file_system_name(std::int64_t type) {
  constexpr std::array<std::pair<std::uint32_t, const char*>, 17> names = {
      {{0x0BD00BD0, "lustre"},
       {0x47504653, "gpfs"},
       {0x00006969, "nfs"},
       {0x19830326, "beegfs"},
       {0x00C36400, "ceph"},
       {0xAAD7AAEA, "panfs"},
       {0x01021997, "9p"},
       {0xFF534D42, "cifs"},
       {0xFE534D42, "smb2"},
       {0x65735546, "fuse"},
       {0x0000EF53, "ext4"},
       {0x58465342, "xfs"},
       {0x9123683E, "btrfs"},
       {0x2FC12FC1, "zfs"},
       {0x01021994, "tmpfs"},
       {0x858458F6, "ramfs"},
       {0x794C7630, "overlayfs"}}};
  const auto magic = static_cast<std::uint32_t>(type);
  for (const auto& [number, name] : names)
    if (number == magic) return name;
  return fmt::format("unknown (0x{:x})", magic);
}

FileSystem file_system_of(const std::string& folder, MPI_Comm comm) {
  FileSystem found;
  if (mpi::rank(comm) == 0) {
    struct statfs type {};
    struct statvfs room {};
    struct stat status {};
    if (statfs(folder.c_str(), &type) == 0) found.type = file_system_name(type.f_type);
    if (statvfs(folder.c_str(), &room) == 0)
      found.free_bytes = static_cast<double>(room.f_bavail) * static_cast<double>(room.f_frsize);
    if (stat(folder.c_str(), &status) == 0) found.device = static_cast<std::int64_t>(status.st_dev);
  }
  broadcast(found.type, comm);
  broadcast(found.free_bytes, comm);
  broadcast(found.device, comm);
  return found;
}

WriteTrial try_parallel_write(const std::string& folder, double bytes_per_rank, MPI_Comm comm) {
  const int n_rank = mpi::size(comm);
  const int rank = mpi::rank(comm);
  std::int64_t process = getpid();
  broadcast(process, comm);
  const std::string path = trial_name(folder, process);
  const auto n_local =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(bytes_per_rank) / (8 * kWidth));
  WriteTrial trial;
  trial.bytes = static_cast<double>(n_rank * n_local * kWidth) * sizeof(double);
  try {
    const double start = MPI_Wtime();
    write_rows(path, rows_of(rank, n_rank, n_local), comm);
    trial.write_seconds = reduce_max(MPI_Wtime() - start, comm);
  } catch (const CannotWrite& error) {
    trial.failure = error.what();
    // A complete part file is kept by ResultFile.
    for (const std::string& part : stale_parts(path, comm))
      if (rank == 0) unlink(part.c_str());
    return trial;
  }
  const double start = MPI_Wtime();
  trial.failure =
      first_text(read_rows_back(path, rows_of((rank + 1) % n_rank, n_rank, n_local)), comm);
  trial.read_seconds = reduce_max(MPI_Wtime() - start, comm);
  if (rank == 0) unlink(path.c_str());
  MPI_OK(MPI_Barrier(comm));
  return trial;
}

LibraryBuild io_library_build() {
  return {"hdf5", fmt::format("{}.{}.{}", H5_VERS_MAJOR, H5_VERS_MINOR, H5_VERS_RELEASE),
          io_library_version().version};
}

}  // namespace jpo
