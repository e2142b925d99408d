#pragma once
// The result file: parallel HDF5, complete or absent. Written to PATH.<process>.part and renamed by
// commit(); the outcome of every collective call is agreed before the next one.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <mpi.h>

#include "core/library_version.hpp"

namespace jpo {

struct DatasetText {
  /// "1" for dimensionless.
  std::string units;
  /// One line.
  std::string description;
};

/// The rows of a table that this rank holds: global rows [first, first + n_local) of n_global.
struct RowRange {
  std::int64_t first = 0;
  std::int64_t n_local = 0;
  std::int64_t n_global = 0;
};

/// Every member function is collective on comm: all ranks call it with the same name and shapes.
/// Groups in dataset names ("/methods/bfgs/loss") are created as needed. Throws CannotWrite (the
/// same on all ranks) naming path and cause; the part file is then gone and PATH is untouched.
class ResultFile {
 public:
  /// Creates the part file and any missing parent directories.
  ResultFile(const std::string& path, bool overwrite, MPI_Comm comm);
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;
  ResultFile(ResultFile&&) = delete;
  ResultFile& operator=(ResultFile&&) = delete;
  /// Without commit(): removes the part file.
  ~ResultFile();

  /// Attributes of a group or dataset ("/" for the root); the same value on every rank.
  void attribute(const std::string& object, const std::string& name, const std::string& value);
  void attribute(const std::string& object, const std::string& name, double value);
  void attribute(const std::string& object, const std::string& name, std::int64_t value);

  /// Tables by global problem id: row-major [n_local, width] of this rank, 2-D also where width is
  /// 1. width = 0 writes nothing at all.
  void table(const std::string& dataset, const RowRange& rows, std::int64_t width,
             std::span<const double> values, const DatasetText& text);
  /// One value a problem: 1-D.
  void column(const std::string& dataset, const RowRange& rows, std::span<const double> values,
              const DatasetText& text);
  void column(const std::string& dataset, const RowRange& rows,
              std::span<const std::int64_t> values, const DatasetText& text);
  /// 1-D table of an HDF5 enum with these (name, value) members.
  void enum_table(const std::string& dataset, const RowRange& rows,
                  std::span<const std::int8_t> values,
                  const std::vector<std::pair<std::string, std::int8_t>>& members,
                  const DatasetText& text);

  /// The same on every rank; rank 0's values are written. shape: sizes of each dimension.
  void replicated(const std::string& dataset, const std::vector<std::int64_t>& shape,
                  std::span<const double> values, const DatasetText& text);
  void replicated(const std::string& dataset, const std::vector<std::int64_t>& shape,
                  std::span<const std::int64_t> values, const DatasetText& text);
  /// 1-D array of variable-length UTF-8 strings.
  void strings(const std::string& dataset, const std::vector<std::string>& values,
               const DatasetText& text);

  /// Closes, fsyncs, renames to PATH, fsyncs the directory.
  void commit();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Before any work, collective on comm: throws BadInput if `path` exists and overwrite is false,
/// is a directory, or cannot be written (its directory is created).
void check_output_path(const std::string& path, bool overwrite, MPI_Comm comm);

/// Files that writers of `path` have left behind when they were killed. Collective: rank 0 looks.
std::vector<std::string> stale_parts(const std::string& path, MPI_Comm comm);

/// Both paths lead to one file, as rank 0 sees it: file systems of machines may differ. Collective
/// on comm.
bool is_same_file(const std::string& a, const std::string& b, MPI_Comm comm);

LibraryVersion io_library_version();

}  // namespace jpo
