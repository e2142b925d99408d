#pragma once
// The result file: parallel HDF5, either complete or absent. It is written to PATH.<process>.part
// and renamed by commit(). The ranks agree on the outcome of every collective call before the next
// one.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <mpi.h>

#include "core/library_version.hpp"

namespace jpo {

/// Attributes units and description of a dataset.
struct DatasetText {
  /// "1" if dimensionless.
  std::string units;
  /// Description, one line.
  std::string description;
};

/// This rank's rows of a table: global rows [first, first + n_local) of n_global.
struct RowRange {
  std::int64_t first = 0;
  std::int64_t n_local = 0;
  std::int64_t n_global = 0;
};

/// Writer of a result file. Every member function is collective on comm: all ranks call it with the
/// same name and shapes. Groups in dataset names ("/methods/bfgs/loss") are created as needed.
/// Errors throw CannotWrite, the same on all ranks, with path and cause; PATH is then unchanged. An
/// incomplete part file is removed, a complete one is kept and named.
class ResultFile {
 public:
  /// Creates the part file and missing parent directories. `overwrite`: whether commit() may
  /// replace an existing PATH.
  ResultFile(const std::string& path, bool overwrite, MPI_Comm comm);
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;
  ResultFile(ResultFile&&) = delete;
  ResultFile& operator=(ResultFile&&) = delete;
  /// Removes the part file if commit() was not called.
  ~ResultFile();

  /// Writes an attribute of a group or dataset ("/" for the root); the same value on every rank.
  void attribute(const std::string& object, const std::string& name, const std::string& value);
  void attribute(const std::string& object, const std::string& name, double value);
  void attribute(const std::string& object, const std::string& name, std::int64_t value);

  /// Writes a table with one row per global problem id. `values`: this rank's rows, row-major
  /// [n_local, width]. The dataset is 2-D even if width is 1; nothing is written if width is 0.
  void table(const std::string& dataset, const RowRange& rows, std::int64_t width,
             std::span<const double> values, const DatasetText& text);
  /// Writes a 1-D dataset with one value per problem.
  void column(const std::string& dataset, const RowRange& rows, std::span<const double> values,
              const DatasetText& text);
  void column(const std::string& dataset, const RowRange& rows,
              std::span<const std::int64_t> values, const DatasetText& text);
  /// Writes a 1-D dataset of an HDF5 enum with these (name, value) members.
  void enum_table(const std::string& dataset, const RowRange& rows,
                  std::span<const std::int8_t> values,
                  const std::vector<std::pair<std::string, std::int8_t>>& members,
                  const DatasetText& text);

  /// Writes values that are the same on every rank; rank 0's are written. shape: size of each
  /// dimension.
  void replicated(const std::string& dataset, const std::vector<std::int64_t>& shape,
                  std::span<const double> values, const DatasetText& text);
  void replicated(const std::string& dataset, const std::vector<std::int64_t>& shape,
                  std::span<const std::int64_t> values, const DatasetText& text);
  /// Writes a 1-D dataset of UTF-8 strings of one length, padded with NUL.
  void strings(const std::string& dataset, const std::vector<std::string>& values,
               const DatasetText& text);

  /// Closes and syncs the part file, renames it to PATH, and syncs the directory.
  void commit();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Creates the directory of `path` and checks that a file can be written there. Throws BadInput if
/// this fails, if `path` is not a regular file, or if it exists and overwrite is false. Collective
/// on comm.
void check_output_path(const std::string& path, bool overwrite, MPI_Comm comm);

/// Returns the part files of `path`, left by writers that were killed or could not place the
/// complete file. Rank 0 reads the folder.
/// Collective on comm.
std::vector<std::string> stale_parts(const std::string& path, MPI_Comm comm);

/// Returns true if both paths are the same file on rank 0's machine; file systems of other machines
/// may differ. Collective on comm.
bool is_same_file(const std::string& a, const std::string& b, MPI_Comm comm);

/// Returns the version of the loaded HDF5 library. Not collective.
LibraryVersion io_library_version();

}  // namespace jpo
