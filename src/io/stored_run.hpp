#pragma once
#include <string>

#include <mpi.h>

namespace jpo {

/// What a result file says of the run that wrote it.
struct StoredRun {
  bool exists = false;           ///< something stands at the path
  bool is_result = false;        ///< and it is a complete result file
  std::string deck;              ///< the resolved deck
  std::string problems_hash;     ///< of its problems; empty where it does not say
  double failed_fraction = 0.0;  ///< problems without an answer, of the worst method
};

/// Collective on comm: rank 0 reads, all ranks get the same.
StoredRun read_stored_run(const std::string& path, MPI_Comm comm);

}  // namespace jpo
