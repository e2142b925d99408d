#include "parallel/device_mpi.hpp"

#include <mpi.h>
#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>  // Open MPI's account of itself; MPICH has its own in mpi.h
#endif

#include "core/device/memory_space.hpp"

namespace jpo {

// The macro says that the question can be asked, not what the answer is: its value is that of the
// machine where jpo was compiled.
bool mpi_takes_device_memory() {
#if defined(MPIX_CUDA_AWARE_SUPPORT)
  return built_with_cuda() && MPIX_Query_cuda_support() == 1;
#else
  return false;
#endif
}

}  // namespace jpo
