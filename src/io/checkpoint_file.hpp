#pragma once
// Checkpoint files: parallel HDF5, either complete or absent, as the result file. Rows of tables
// are indexed by global problem id, so the number of ranks may differ between writing and reading.
// A hash of all fields detects damaged files.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <mpi.h>

#include "core/device/state_archive.hpp"
#include "io/result_file.hpp"

namespace jpo {

class CheckpointWriter : public StateArchive {
 public:
  /// Creates the unfinished file PATH.<process>.part. `rows`: problems of this rank. This and all
  /// functions that write are collective and throw CannotWrite on all ranks.
  CheckpointWriter(const std::string& path, const RowRange& rows, MPI_Comm comm);
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;
  CheckpointWriter(CheckpointWriter&&) = delete;
  CheckpointWriter& operator=(CheckpointWriter&&) = delete;
  ~CheckpointWriter() override;

  bool is_reading() const override { return false; }
  void shared(const std::string& name, std::vector<double>& values) override;
  void by_problem(const std::string& name, std::span<double> values) override;
  void by_problem(const std::string& name, std::vector<std::vector<double>>& lists) override;
  using StateArchive::by_problem;
  using StateArchive::shared;

  /// Writes an attribute of the file, which describes the run.
  void attribute(const std::string& name, const std::string& value);
  /// Writes the hash and renames the file to PATH.
  void commit();

 private:
  ResultFile file_;
  RowRange rows_;
  MPI_Comm comm_;
  /// True on rank 0, which hashes the shared values.
  bool is_first_ = false;
  std::uint64_t hash_ = 0;
};

class CheckpointReader : public StateArchive {
 public:
  /// Opens a checkpoint. `rows`: problems of this rank. This and all functions that read are
  /// collective. They throw BadInput on all ranks if the file cannot be read, is not a checkpoint,
  /// or lacks the field.
  CheckpointReader(const std::string& path, const RowRange& rows, MPI_Comm comm);
  CheckpointReader(const CheckpointReader&) = delete;
  CheckpointReader& operator=(const CheckpointReader&) = delete;
  CheckpointReader(CheckpointReader&&) = delete;
  CheckpointReader& operator=(CheckpointReader&&) = delete;
  ~CheckpointReader() override;

  bool is_reading() const override { return true; }
  void shared(const std::string& name, std::vector<double>& values) override;
  void by_problem(const std::string& name, std::span<double> values) override;
  void by_problem(const std::string& name, std::vector<std::vector<double>>& lists) override;
  using StateArchive::by_problem;
  using StateArchive::shared;

  std::string attribute(const std::string& name);
  const std::string& path() const { return path_; }
  /// Compares the hash of the fields with the stored one; call it after all fields are read.
  void check_hash();

 private:
  struct Parts;
  void require(bool good, const std::string& what) const;

  std::string path_;
  RowRange rows_;
  MPI_Comm comm_;
  bool is_first_ = false;
  std::uint64_t hash_ = 0;
  std::unique_ptr<Parts> parts_;
};

/// Returns the paths of the checkpoints in a folder, newest first; none if there is no folder. Rank
/// 0 reads the folder. Collective on comm.
std::vector<std::string> find_checkpoints(const std::string& folder, MPI_Comm comm);
/// Returns the path of the n-th checkpoint in a folder.
std::string checkpoint_path(const std::string& folder, std::int64_t n);
/// Returns the number of a checkpoint; 0 if the path is not that of a checkpoint.
std::int64_t checkpoint_number(const std::string& path);
/// Returns the path of the file in a folder of checkpoints that a watchdog writes.
std::string stall_marker(const std::string& folder);
/// Removes all but the newest `keep` checkpoints, unfinished files, the watchdog's file if `keep`
/// is 0, and the folder if it is then empty. Collective on comm.
void prune_checkpoints(const std::string& folder, std::int64_t keep, MPI_Comm comm);

}  // namespace jpo
