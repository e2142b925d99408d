#include "parallel/transport.hpp"

#include <map>
#include <vector>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "parallel/broadcast.hpp"
#include "parallel/device_mpi.hpp"
#include "parallel/machine_ranks.hpp"
#include "parallel/nccl_ranks.hpp"

namespace jpo {

Transport::Transport(MPI_Comm comm) : comm_(comm) {}

Transport::Transport(Kind kind, MPI_Comm comm)
    : comm_(comm),
      takes_device_memory_(kind == Kind::nccl || (kind == Kind::mpi && mpi_takes_device_memory())) {
  if (kind == Kind::nccl) nccl_ = std::make_unique<NcclRanks>(comm);
}

Transport::Transport(Transport&&) noexcept = default;
Transport& Transport::operator=(Transport&&) noexcept = default;
Transport::~Transport() = default;

void Transport::sum(MemorySpace space, std::int64_t* values, std::int64_t n) const {
  if (nccl_ && space == MemorySpace::device)
    nccl_->sum(values, n);
  else
    MPI_OK(MPI_Allreduce(MPI_IN_PLACE, values, static_cast<int>(n), MPI_INT64_T, MPI_SUM, comm_));
}

void Transport::sum(MemorySpace space, double* values, std::int64_t n) const {
  if (nccl_ && space == MemorySpace::device)
    nccl_->sum(values, n);
  else
    MPI_OK(MPI_Allreduce(MPI_IN_PLACE, values, static_cast<int>(n), MPI_DOUBLE, MPI_SUM, comm_));
}

std::string transport_text(Transport::Kind kind) {
  if (kind == Transport::Kind::nccl) return "by " + nccl_version_text();
  return kind == Transport::Kind::mpi && mpi_takes_device_memory() ? "by MPI from device memory"
                                                                   : "by MPI through host memory";
}

std::string shared_device(const std::string& bus_id, MPI_Comm comm) {
  const int rank = mpi::rank(comm);
  const auto machine = ranks_of_machine(comm);
  const int n_here = mpi::size(machine.get());
  constexpr std::size_t width = 64;
  std::vector<char> mine(width, '\0');
  bus_id.copy(mine.data(), width - 1);
  std::vector<char> all(width * static_cast<std::size_t>(n_here));
  std::vector<int> ranks(static_cast<std::size_t>(n_here));
  MPI_OK(MPI_Allgather(mine.data(), width, MPI_CHAR, all.data(), width, MPI_CHAR, machine.get()));
  MPI_OK(MPI_Allgather(&rank, 1, MPI_INT, ranks.data(), 1, MPI_INT, machine.get()));
  std::map<std::string, int> first_on;
  std::string text;
  for (std::size_t k = 0; k < ranks.size() && text.empty(); ++k) {
    const std::string here = all.data() + k * width;
    const auto [found, is_first] = first_on.emplace(here, ranks[k]);
    if (!is_first)
      text = fmt::format("ranks {} and {} share the device {}", found->second, ranks[k], here);
  }
  return first_text(text, comm);
}

}  // namespace jpo
