#pragma once
#include <mpi.h>

#include "core/checks.hpp"

namespace jpo::mpi {

/// Rank of this process in comm. Not collective.
inline int rank(MPI_Comm comm) {
  int value = 0;
  MPI_OK(MPI_Comm_rank(comm, &value));
  return value;
}

/// Number of processes in comm. Not collective.
inline int size(MPI_Comm comm) {
  int value = 1;
  MPI_OK(MPI_Comm_size(comm, &value));
  return value;
}

}  // namespace jpo::mpi
