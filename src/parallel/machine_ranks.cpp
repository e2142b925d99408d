#include "parallel/machine_ranks.hpp"

#include "core/checks.hpp"
#include "core/communicator.hpp"

namespace jpo {

Handle<MPI_Comm, MPI_Comm_free> ranks_of_machine(MPI_Comm comm) {
  Handle<MPI_Comm, MPI_Comm_free> machine;
  MPI_OK(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, machine.put()));
  return machine;
}

std::vector<std::string> machine_names(MPI_Comm comm) {
  constexpr std::size_t width = MPI_MAX_PROCESSOR_NAME + 1;
  int length = 0;
  const int n_rank = mpi::size(comm);
  std::vector<char> mine(width, '\0');
  std::vector<char> all(width * static_cast<std::size_t>(n_rank));
  MPI_OK(MPI_Get_processor_name(mine.data(), &length));
  MPI_OK(MPI_Allgather(mine.data(), width, MPI_CHAR, all.data(), width, MPI_CHAR, comm));
  std::vector<std::string> names;
  for (std::size_t k = 0; k < all.size(); k += width) names.emplace_back(all.data() + k);
  return names;
}

}  // namespace jpo
