#pragma once
#include <string>
#include <vector>

#include <mpi.h>

#include "core/handle.hpp"

namespace jpo {

/// Returns a communicator of the ranks of comm on this rank's machine. Collective on comm.
Handle<MPI_Comm, MPI_Comm_free> ranks_of_machine(MPI_Comm comm);

/// Returns the name of every rank's machine, in rank order. Collective on comm.
std::vector<std::string> machine_names(MPI_Comm comm);

}  // namespace jpo
