#pragma once
// NCCL in a build that has it (nccl_cuda.cpp), and what stands for it in one that has not
// (nccl_none.cpp).

#include <cstdint>
#include <memory>
#include <string>

#include <mpi.h>

namespace jpo {

bool built_with_nccl();
/// "NCCL 2.28.9", of the library that was loaded; "no NCCL" without it.
std::string nccl_version_text();

/// The ranks of an MPI communicator as NCCL's, each on the device that it works on.
class NcclRanks {
 public:
  /// Throws std::runtime_error on every rank where it fails on one. Collective on comm.
  explicit NcclRanks(MPI_Comm comm);
  NcclRanks(const NcclRanks&) = delete;
  NcclRanks& operator=(const NcclRanks&) = delete;
  NcclRanks(NcclRanks&&) = delete;
  NcclRanks& operator=(NcclRanks&&) = delete;
  ~NcclRanks();

  /// Sums over the ranks in place, in device memory. Collective.
  void sum(std::int64_t* values, std::int64_t n);
  void sum(double* values, std::int64_t n);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace jpo
