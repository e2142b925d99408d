#pragma once
// Tests of a folder: whether it can be created and written by all ranks together, its file system
// and free space. The tests remove all files and folders that they create. They overwrite nothing.

#include <cstdint>
#include <string>
#include <vector>

#include <mpi.h>

#include "core/library_version.hpp"

namespace jpo {

/// A folder that exists while this object exists. Rank 0 creates the missing folders of the path.
/// The destructor removes them if they are empty. Constructor and destructor are collective on
/// comm.
class TemporaryFolder {
 public:
  TemporaryFolder(std::string path, MPI_Comm comm);
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  TemporaryFolder(TemporaryFolder&&) = delete;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }
  /// Returns the reason why no file can be created in the folder; empty if it is possible. The same
  /// on every rank.
  const std::string& refusal() const { return refusal_; }

 private:
  void make();

  std::string path_;
  MPI_Comm comm_;
  std::string refusal_;
  /// Folders created by rank 0, outermost first.
  std::vector<std::string> made_;
};

struct FileSystem {
  /// "lustre", "nfs", ...; "unknown (0x...)" for other types.
  std::string type;
  /// Free space for this user.
  double free_bytes = 0.0;
  /// Number of the device. Two folders with the same number are on one file system.
  std::int64_t device = 0;
};
/// Returns the file system of the folder on rank 0's machine; the same on every rank. Collective on
/// comm.
FileSystem file_system_of(const std::string& folder, MPI_Comm comm);
/// Returns the name of a statfs f_type. Not collective.
std::string file_system_name(std::int64_t type);

struct WriteTrial {
  /// Reason of a failure; empty if every rank could read the rows of another rank.
  std::string failure;
  /// Bytes written by all ranks together.
  double bytes = 0.0;
  double write_seconds = 0.0;
  double read_seconds = 0.0;
};
/// Writes a result file with `bytes_per_rank` from each rank into the folder. Then every rank reads
/// the rows of the next rank, and the file is removed. `failure` is the same on every rank. If
/// writing fails, the process must end without MPI_Finalize, as after CannotWrite. Collective on
/// comm.
WriteTrial try_parallel_write(const std::string& folder, double bytes_per_rank, MPI_Comm comm);

/// Returns the HDF5 version at build time and at run time. Not collective.
LibraryBuild io_library_build();

}  // namespace jpo
