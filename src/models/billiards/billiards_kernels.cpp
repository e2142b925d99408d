#include "models/batched_kernels.hpp"
#include "models/billiards/physics.hpp"

namespace jpo {

template std::unique_ptr<BatchKernels> problem_kernels(const billiards::Physics& physics);

}  // namespace jpo
