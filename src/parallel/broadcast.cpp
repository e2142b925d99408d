#include "parallel/broadcast.hpp"

#include "core/checks.hpp"
#include "core/communicator.hpp"

namespace jpo {
namespace {

template <class Sequence>
void broadcast_size(Sequence& values, MPI_Comm comm, int owner = 0) {
  auto size = static_cast<std::int64_t>(values.size());
  MPI_OK(MPI_Bcast(&size, 1, MPI_INT64_T, owner, comm));
  values.resize(size);
}

void broadcast_text(std::string& text, int owner, MPI_Comm comm) {
  broadcast_size(text, comm, owner);
  MPI_OK(MPI_Bcast(text.data(), static_cast<int>(text.size()), MPI_CHAR, owner, comm));
}

}  // namespace

void broadcast(bool& value, MPI_Comm comm) {
  std::int64_t number = value ? 1 : 0;
  broadcast(number, comm);
  value = number == 1;
}

void broadcast(std::int64_t& value, MPI_Comm comm) {
  MPI_OK(MPI_Bcast(&value, 1, MPI_INT64_T, 0, comm));
}

void broadcast(double& value, MPI_Comm comm) {
  MPI_OK(MPI_Bcast(&value, 1, MPI_DOUBLE, 0, comm));
}

void broadcast(std::string& value, MPI_Comm comm) {
  broadcast_text(value, 0, comm);
}

void broadcast(std::vector<double>& values, MPI_Comm comm) {
  broadcast_size(values, comm);
  MPI_OK(MPI_Bcast(values.data(), static_cast<int>(values.size()), MPI_DOUBLE, 0, comm));
}

void broadcast(std::vector<std::string>& values, MPI_Comm comm) {
  broadcast_size(values, comm);
  for (std::string& value : values) broadcast(value, comm);
}

std::string first_text(std::string text, MPI_Comm comm) {
  const int rank = mpi::rank(comm);
  const int n_rank = mpi::size(comm);
  int owner = text.empty() ? n_rank : rank;
  MPI_OK(MPI_Allreduce(MPI_IN_PLACE, &owner, 1, MPI_INT, MPI_MIN, comm));
  if (owner == n_rank) return "";
  broadcast_text(text, owner, comm);
  return text;
}

}  // namespace jpo
