#pragma once
// Sums by NCCL. nccl_cuda.cpp implements them; nccl_none.cpp is for builds without NCCL.

#include <cstdint>
#include <memory>
#include <string>

#include <mpi.h>

namespace jpo {

bool built_with_nccl();
/// Returns the version of the loaded library, such as "NCCL 2.28.9"; "no NCCL" in a build without
/// it.
std::string nccl_version_text();

/// NCCL communicator of the ranks of an MPI communicator, each with its own device.
class NcclRanks {
 public:
  /// Throws std::runtime_error if NCCL cannot start: on every rank if NCCL returns no
  /// unique id, otherwise only on the ranks that fail. Collective on comm.
  explicit NcclRanks(MPI_Comm comm);
  NcclRanks(const NcclRanks&) = delete;
  NcclRanks& operator=(const NcclRanks&) = delete;
  NcclRanks(NcclRanks&&) = delete;
  NcclRanks& operator=(NcclRanks&&) = delete;
  ~NcclRanks();

  /// Replaces n values in device memory by their sums over the ranks, and waits for the result.
  /// Throws std::runtime_error if this fails. Collective.
  void sum(std::int64_t* values, std::int64_t n);
  void sum(double* values, std::int64_t n);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace jpo
