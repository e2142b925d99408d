#include <gtest/gtest.h>

#include "core/checks.hpp"
#include "core/device/memory_space.hpp"
#include "parallel/nccl_ranks.hpp"
#include "parallel/transport.hpp"

namespace jpo {
namespace {

// All ranks of a test are on one machine.
TEST(SharedDevice, ReportsTheRanksAndTheDevice) {
  int rank = 0;
  int n_rank = 1;
  MPI_OK(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  MPI_OK(MPI_Comm_size(MPI_COMM_WORLD, &n_rank));
  const std::string own = "0000:0" + std::to_string(rank) + ":00.0";
  EXPECT_EQ(shared_device(own, MPI_COMM_WORLD), "");
  const bool is_last = rank == n_rank - 1;
  const std::string text = shared_device(is_last ? "0000:00:00.0" : own, MPI_COMM_WORLD);
  EXPECT_EQ(text, n_rank == 1 ? ""
                              : "ranks 0 and " + std::to_string(n_rank - 1) +
                                    " share the device 0000:00:00.0");
}

TEST(Transport, TakesNoDeviceMemoryWithoutCuda) {
  EXPECT_FALSE(Transport(MPI_COMM_WORLD).takes_device_memory());
  EXPECT_FALSE(Transport(Transport::Kind::staged, MPI_COMM_WORLD).takes_device_memory());
  if (built_with_cuda()) return;
  EXPECT_FALSE(Transport(Transport::Kind::mpi, MPI_COMM_WORLD).takes_device_memory());
  EXPECT_FALSE(built_with_nccl());
  EXPECT_THROW(Transport(Transport::Kind::nccl, MPI_COMM_WORLD), std::runtime_error);
}

}  // namespace
}  // namespace jpo
