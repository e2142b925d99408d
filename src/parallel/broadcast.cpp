#include "parallel/broadcast.hpp"

#include "core/checks.hpp"

namespace jpo {
namespace {

template <class Sequence>
void broadcast_size(Sequence& values, MPI_Comm comm) {
  auto size = static_cast<std::int64_t>(values.size());
  broadcast(size, comm);
  values.resize(static_cast<std::size_t>(size));
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
  broadcast_size(value, comm);
  MPI_OK(MPI_Bcast(value.data(), static_cast<int>(value.size()), MPI_CHAR, 0, comm));
}

void broadcast(std::vector<double>& values, MPI_Comm comm) {
  broadcast_size(values, comm);
  MPI_OK(MPI_Bcast(values.data(), static_cast<int>(values.size()), MPI_DOUBLE, 0, comm));
}

void broadcast(std::vector<std::string>& values, MPI_Comm comm) {
  broadcast_size(values, comm);
  for (std::string& value : values) broadcast(value, comm);
}

}  // namespace jpo
