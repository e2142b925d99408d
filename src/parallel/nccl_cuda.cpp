// Implementation with NCCL. MPI only distributes NCCL's id; the sums go from device to device.

#include <nccl.h>
#include <stdexcept>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/device/memory_space.hpp"
#include "parallel/broadcast.hpp"
#include "parallel/nccl_ranks.hpp"

namespace jpo {
namespace {

std::string failure_text(ncclResult_t code, const char* call) {
  return code == ncclSuccess ? ""
                             : fmt::format("NCCL: {}: {} ({})", call, ncclGetErrorString(code),
                                           ncclGetLastError(nullptr));
}

// Throws on all ranks if the call failed on one rank.
void check_everywhere(ncclResult_t code, const char* call, MPI_Comm comm) {
  const std::string text = first_text(failure_text(code, call), comm);
  if (!text.empty()) throw std::runtime_error(text);
}

template <class Number>
void sum_in_place(Number* values, std::int64_t n, ncclDataType_t type, ncclComm_t ranks) {
  // Kernels and copies use the default stream as well, so the sum runs after them.
  const ncclResult_t code = ncclAllReduce(values, values, static_cast<std::size_t>(n), type,
                                          ncclSum, ranks, /*stream=*/nullptr);
  if (code != ncclSuccess) throw std::runtime_error(failure_text(code, "ncclAllReduce"));
  finish_device_work();
}

}  // namespace

struct NcclRanks::Parts {
  ncclComm_t ranks = nullptr;
};

bool built_with_nccl() {
  return true;
}

std::string nccl_version_text() {
  int version = 0;
  if (ncclGetVersion(&version) != ncclSuccess) return "NCCL of an unknown version";
  return fmt::format("NCCL {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

NcclRanks::NcclRanks(MPI_Comm comm) : parts_(std::make_unique<Parts>()) {
  const int rank = mpi::rank(comm);
  const int n_rank = mpi::size(comm);
  ncclUniqueId id{};
  check_everywhere(rank == 0 ? ncclGetUniqueId(&id) : ncclSuccess, "ncclGetUniqueId", comm);
  MPI_OK(MPI_Bcast(&id, sizeof(id), MPI_BYTE, 0, comm));
  // A failure on one rank must end the job: the other ranks wait inside NCCL, so an MPI call to
  // agree on the failure would not complete.
  const ncclResult_t code = ncclCommInitRank(&parts_->ranks, n_rank, id, rank);
  if (code != ncclSuccess) throw std::runtime_error(failure_text(code, "ncclCommInitRank"));
}

// ncclCommDestroy waits for the other ranks, so it is skipped while an exception ends this rank.
NcclRanks::~NcclRanks() {
  if (std::uncaught_exceptions() == 0) ncclCommDestroy(parts_->ranks);
}

void NcclRanks::sum(std::int64_t* values, std::int64_t n) {
  sum_in_place(values, n, ncclInt64, parts_->ranks);
}
void NcclRanks::sum(double* values, std::int64_t n) {
  sum_in_place(values, n, ncclFloat64, parts_->ranks);
}

}  // namespace jpo
