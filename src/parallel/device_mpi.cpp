#include "parallel/device_mpi.hpp"

#include <mpi.h>
#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>  // MPIX_Query_cuda_support of Open MPI; MPICH declares it in mpi.h
#endif

#include "core/device/memory_space.hpp"

namespace jpo {

// The macro only shows that the query function exists. Its value describes the machine on which jpo
// was compiled, so the function is called.
bool mpi_takes_device_memory() {
#if defined(MPIX_CUDA_AWARE_SUPPORT)
  return built_with_cuda() && MPIX_Query_cuda_support() == 1;
#else
  return false;
#endif
}

}  // namespace jpo
