#pragma once
#include <string>

#include <mpi.h>

namespace jpo {

/// Facts about a run, from its result file.
struct StoredRun {
  /// True if the path exists.
  bool exists = false;
  /// True if it is a complete result file.
  bool is_result = false;
  /// Reason why the file cannot be opened; empty if it can.
  std::string problem;
  /// The resolved deck.
  std::string deck;
  /// Hash of the problems; empty if the file has none.
  std::string problems_hash;
  /// Build of the program that wrote it; the hash is empty if the file has none.
  std::string code_hash;
  std::string git_revision;
  /// Largest fraction of problems without an answer among the methods.
  double failed_fraction = 0.0;
};

/// Reads the facts on rank 0 and returns them on all ranks. Collective on comm.
StoredRun read_stored_run(const std::string& path, MPI_Comm comm);

}  // namespace jpo
