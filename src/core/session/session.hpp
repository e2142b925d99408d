#pragma once
// Start and stop of MPI and PETSc. One object in main; every handle dies before it.

#include <string>
#include <vector>

#include <mpi.h>

#include "core/library_version.hpp"

namespace jpo {

/// Owns MPI and PETSc for the life of the program. Collective on MPI_COMM_WORLD.
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

/// MPI, PETSc and the compiler with its flags; other folders add theirs.
std::vector<LibraryVersion> core_versions();

/// The processor's model name, "unknown" where the system does not say.
std::string processor_name();

std::string jpo_version();
/// Of the sources, with "-dirty" if they differ from it.
std::string git_revision();

}  // namespace jpo
