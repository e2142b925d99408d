#pragma once
#include <string>

#include <mpi.h>

namespace jpo {

/// What a result file says of the run that wrote it.
struct StoredRun {
  /// Something stands at the path.
  bool exists = false;
  /// And it is a complete result file.
  bool is_result = false;
  /// The resolved deck.
  std::string deck;
  /// Of its problems; empty where it does not say.
  std::string problems_hash;
  /// Problems without an answer, of the worst method.
  double failed_fraction = 0.0;
};

/// Collective on comm: rank 0 reads, all ranks get the same.
StoredRun read_stored_run(const std::string& path, MPI_Comm comm);

}  // namespace jpo
