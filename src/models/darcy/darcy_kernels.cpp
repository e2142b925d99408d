#include "models/batched_kernels.hpp"
#include "models/darcy/physics.hpp"

namespace jpo {

template std::unique_ptr<BatchKernels> lane_kernels(const darcy::Physics& physics);

}  // namespace jpo
