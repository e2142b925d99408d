#pragma once
// Reading of a set of problems from an HDF5 file that anyone may have written: the tables of
// /problems as in a result file. Nothing in it is trusted.

#include <cstdint>
#include <span>
#include <string>

#include <mpi.h>

namespace jpo {

/// Sizes of the tables of a problem file.
struct ProblemFileSizes {
  /// Rows of each table, 1 or more.
  std::int64_t n_problem = 0;
  /// Columns of /problems/observation.
  std::int64_t n_observation = 0;
  /// Columns of /problems/context; 0: not there.
  std::int64_t n_context = 0;
  /// Columns of /problems/truth; 0: not there.
  std::int64_t n_parameter = 0;
  /// /problems/floor is there.
  bool has_floor = false;
};

/// Sizes of the tables, after a look at everything but their values. Throws BadInput, the same on
/// all ranks, naming the file, the dataset, what was found and what is expected: where the file is
/// missing, no HDF5 or damaged, a table is missing, is no table of integers or floats, has another
/// number of rows than the observation, or keeps its values outside of the file. Collective on
/// comm: rank 0 looks.
ProblemFileSizes inspect_problem_file(const std::string& path, MPI_Comm comm);

/// Where the values of rows [first, first + n) go: row-major, n times the table's columns; an empty
/// span reads nothing.
struct ProblemRows {
  std::int64_t first = 0;
  std::int64_t n = 0;
  std::span<double> observation;
  std::span<double> context;
  std::span<double> truth;
  /// [n]
  std::span<double> floor;
};

/// Reads this rank's rows, whatever the numbers' precision and byte order in the file. Throws
/// BadInput, the same on all ranks, where one of them cannot read. Collective on comm; each rank
/// reads by itself, so that a damaged file can not part the ranks inside of HDF5.
void read_problem_rows(const std::string& path, const ProblemRows& rows, MPI_Comm comm);

}  // namespace jpo
