#pragma once
// What the folder of a file offers: can it be made and written, by all ranks together, and how much
// room does it have? Everything that a trial makes it removes again; nothing is overwritten.

#include <cstdint>
#include <string>
#include <vector>

#include <mpi.h>

#include "core/library_version.hpp"

namespace jpo {

/// A folder that is there while this object lives: what was missing of its path is made, and
/// removed at the end where it is then empty. Rank 0 makes it. Collective on comm, the end too.
class TemporaryFolder {
 public:
  TemporaryFolder(std::string path, MPI_Comm comm);
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  TemporaryFolder(TemporaryFolder&&) = delete;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }
  /// Why a file cannot be made in it; empty where one can. The same on every rank.
  const std::string& refusal() const { return refusal_; }

 private:
  void make();

  std::string path_;
  MPI_Comm comm_;
  std::string refusal_;
  /// On rank 0, outermost first.
  std::vector<std::string> made_;
};

struct FileSystem {
  /// "lustre", "nfs", ...; "unknown (0x...)" for other types.
  std::string type;
  /// That this user may fill.
  double free_bytes = 0.0;
  /// The same for two folders: one file system.
  std::int64_t device = 0;
};
/// Of the folder, as rank 0 sees it; the same on every rank. Collective on comm.
FileSystem file_system_of(const std::string& folder, MPI_Comm comm);
/// The name of a statfs f_type. Not collective.
std::string file_system_name(std::int64_t type);

struct WriteTrial {
  /// Empty: every rank read what another had written.
  std::string failure;
  /// Of all ranks together.
  double bytes = 0.0;
  double write_seconds = 0.0;
  double read_seconds = 0.0;
};
/// Writes a result file of `bytes_per_rank` into the folder, all ranks together; every rank reads
/// the rows of the next one; the file is removed. Failures are the same on every rank; after one
/// of writing the process must leave without MPI_Finalize, as after CannotWrite. Collective on
/// comm.
WriteTrial try_parallel_write(const std::string& folder, double bytes_per_rank, MPI_Comm comm);

LibraryBuild io_library_build();

}  // namespace jpo
