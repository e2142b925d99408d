#pragma once
// One checkpoint: parallel HDF5, complete or absent, as the result file. Tables go by global
// problem id, so that any number of ranks reads what any other has written. A hash over all fields
// tells a damaged file.

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
  /// Creates PATH.part. Collective. Throws CannotWrite, on all ranks, here and below.
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

  /// Of the file itself: what it is a checkpoint of.
  void attribute(const std::string& name, const std::string& value);
  /// PATH is there from now on.
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
  /// Collective. Throws BadInput, on all ranks, with the reason, here and below, where the file
  /// cannot be read, is of another kind, or does not hold what is asked for.
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
  /// After all fields are read: throws where they are not what was written.
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

/// Paths of the checkpoints in a folder, newest first; none where there is no folder. Collective:
/// rank 0 looks.
std::vector<std::string> find_checkpoints(const std::string& folder, MPI_Comm comm);
/// Of the n-th checkpoint in a folder.
std::string checkpoint_path(const std::string& folder, std::int64_t n);
/// Its number; 0 where the path is of no checkpoint.
std::int64_t checkpoint_number(const std::string& path);
/// Removes checkpoints beyond the newest `keep`, unfinished ones, and the folder where it is then
/// empty. Collective.
void prune_checkpoints(const std::string& folder, std::int64_t keep, MPI_Comm comm);

}  // namespace jpo
