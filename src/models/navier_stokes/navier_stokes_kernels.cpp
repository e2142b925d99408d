#include "models/batched_kernels.hpp"
#include "models/navier_stokes/physics.hpp"

namespace jpo {

template std::unique_ptr<BatchKernels> lane_kernels(const navier_stokes::Physics& physics);

}  // namespace jpo
