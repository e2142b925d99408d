#pragma once
// Start and end of MPI and PETSc. main has one Session; all MPI and PETSc handles must be destroyed
// before it.

#include <string>
#include <vector>

#include <mpi.h>

#include "core/library_version.hpp"

namespace jpo {

/// Initializes MPI and PETSc, and finalizes them at its end. Collective on MPI_COMM_WORLD.
class Session {
 public:
  Session(int* argc, char*** argv);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session(Session&&) = delete;
  Session& operator=(Session&&) = delete;
  ~Session();

  MPI_Comm comm() const { return MPI_COMM_WORLD; }
  int rank() const { return rank_; }
  int n_rank() const { return n_rank_; }

 private:
  int rank_ = 0;
  int n_rank_ = 1;
};

/// Returns the versions of MPI, PETSc and the compiler, and the compiler's flags. Other folders add
/// their libraries.
std::vector<LibraryVersion> core_versions();

/// Returns the processor's model name; "unknown" if it cannot be read.
std::string processor_name();

std::string jpo_version();
/// Returns the git revision of the sources, with "-dirty" if tracked files were changed, or if src/
/// has sources that git does not track.
std::string git_revision();

}  // namespace jpo
