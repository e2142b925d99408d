#pragma once
// Options of PETSc: those of the deck and of the environment, and PETSc's own logging.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpi.h>

namespace jpo {

/// Names without dash, and values; "" for an option without value.
using PetscOptions = std::vector<std::pair<std::string, std::string>>;

/// Puts options into PETSc's database during the lifetime of this object; the destructor restores
/// the earlier values. Options that only view or monitor accept true and false. Starts the logging
/// of log_view, log_trace and info, which PETSc itself reads only at its start (to standard
/// output; log_view also to the file of its viewer). Throws BadInput if
/// an option names no viewer of PETSc. Collective on MPI_COMM_WORLD.
class PetscOptionsScope {
 public:
  explicit PetscOptionsScope(const PetscOptions& options);
  PetscOptionsScope(const PetscOptionsScope&) = delete;
  PetscOptionsScope& operator=(const PetscOptionsScope&) = delete;
  PetscOptionsScope(PetscOptionsScope&&) = delete;
  PetscOptionsScope& operator=(PetscOptionsScope&&) = delete;
  ~PetscOptionsScope();

  /// Writes the log that log_view requests. Collective on MPI_COMM_WORLD.
  void view_log() const;

 private:
  void set(const std::string& option, const std::string& value);
  void start_logging() const;
  std::vector<std::pair<std::string, std::optional<std::string>>> earlier_;
};

/// Returns the names of options that PETSc has read on no rank so far; most likely they are
/// misspelt. Collective on comm.
std::vector<std::string> unused_petsc_options(const PetscOptions& options, MPI_Comm comm);

/// Removes the variables with PETSc options from the environment, so that PETSc does not read them,
/// and stores PETSC_OPTIONS. Call it before PETSc starts.
void take_petsc_environment();
/// Returns the options of PETSC_OPTIONS on rank 0. Collective on comm.
PetscOptions petsc_environment(MPI_Comm comm);
/// Returns the names of the variables that take_petsc_environment() has removed.
const std::vector<std::string>& removed_petsc_variables();

}  // namespace jpo
