// Implementation without NCCL.

#include <stdexcept>

#include "parallel/nccl_ranks.hpp"

namespace jpo {

struct NcclRanks::Parts {};

bool built_with_nccl() {
  return false;
}
std::string nccl_version_text() {
  return "no NCCL";
}

NcclRanks::NcclRanks(MPI_Comm /*comm*/) {
  throw std::runtime_error("this build of jpo has no NCCL");
}
NcclRanks::~NcclRanks() = default;

void NcclRanks::sum(std::int64_t* /*values*/, std::int64_t /*n*/) {}
void NcclRanks::sum(double* /*values*/, std::int64_t /*n*/) {}

}  // namespace jpo
