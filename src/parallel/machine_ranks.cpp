#include "parallel/machine_ranks.hpp"

#include "core/checks.hpp"

namespace jpo {

Handle<MPI_Comm, MPI_Comm_free> ranks_of_machine(MPI_Comm comm) {
  Handle<MPI_Comm, MPI_Comm_free> machine;
  MPI_OK(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, machine.put()));
  return machine;
}

}  // namespace jpo
