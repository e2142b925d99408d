#pragma once
// Reads a set of problems from a user's HDF5 file: the tables of /problems, as in a result file.
// All contents of the file are checked before use.

#include <cstdint>
#include <span>
#include <string>

#include <mpi.h>

namespace jpo {

/// Sizes of the tables of a problem file.
struct ProblemFileSizes {
  /// Number of rows of each table, at least 1.
  std::int64_t n_problem = 0;
  /// Number of columns of /problems/observation.
  std::int64_t n_observation = 0;
  /// Number of columns of /problems/context; 0 if it is missing.
  std::int64_t n_context = 0;
  /// Number of columns of /problems/truth; 0 if it is missing.
  std::int64_t n_parameter = 0;
  /// Number of columns of /problems/start; 0 if it is missing.
  std::int64_t n_start = 0;
  /// True if /problems/floor exists.
  bool has_floor = false;
};

/// Checks a problem file, except for the values of its tables, and returns the sizes of the tables.
/// Rank 0 reads the file. Throws BadInput, the same on all ranks, if the file is missing, damaged
/// or not HDF5, or has no observation. Throws also if a table does not contain integers or floats,
/// has another number of rows than the observation, or has its values in another file. The message
/// has the file, the dataset, the found and the expected layout. Collective on comm.
ProblemFileSizes inspect_problem_file(const std::string& path, MPI_Comm comm);

/// Destination of the values of rows [first, first + n): row-major, n times the columns of each
/// table. A table with an empty span is not read.
struct ProblemRows {
  std::int64_t first = 0;
  std::int64_t n = 0;
  std::span<double> observation;
  std::span<double> context;
  std::span<double> truth;
  std::span<double> start;
  /// [n]
  std::span<double> floor;
};

/// Reads this rank's rows. Numbers of any precision and byte order are converted. Packed numbers
/// are unpacked, and missing samples are NaN (io/stored_values.hpp). Each rank opens and reads the
/// file independently, so that a damaged file cannot block ranks inside HDF5. Throws BadInput, the
/// same on all ranks, if any rank cannot read. Collective on comm.
void read_problem_rows(const std::string& path, const ProblemRows& rows, MPI_Comm comm);

}  // namespace jpo
