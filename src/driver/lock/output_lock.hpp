#pragma once
// Protects the result file and the checkpoints of a run from other runs.

#include <memory>
#include <vector>

#include <mpi.h>

#include "deck/deck.hpp"
#include "driver/lock/lock_file.hpp"

namespace jpo {

class OutputLock {
 public:
  /// Creates the lock files of run.output and of the folder of checkpoints on rank 0; one file if
  /// the folder is the default. Waits for the heartbeat of a lock from another machine. Throws
  /// BadInput on all ranks, before any file is changed, if another run uses one of them. Collective
  /// on comm.
  OutputLock(const Deck& deck, MPI_Comm comm);

  /// Locks nothing, for a job that only reads checkpoints.
  explicit OutputLock(MPI_Comm comm) : comm_(comm) {}

  /// Throws CannotWrite on all ranks if a lock could not be created, or if another run has taken it
  /// while this process was suspended. Call it before files of the run are written or removed.
  /// Collective.
  void check() const;

 private:
  MPI_Comm comm_;
  /// Only on rank 0.
  std::vector<std::unique_ptr<LockFile>> files_;
};

}  // namespace jpo
