#include "models/batched_kernels.hpp"
#include "models/kuramoto_sivashinsky/physics.hpp"

namespace jpo {

template std::unique_ptr<BatchKernels> lane_kernels(
    const kuramoto_sivashinsky::Physics<kuramoto_sivashinsky::SecondOrder>& physics);
template std::unique_ptr<BatchKernels> lane_kernels(
    const kuramoto_sivashinsky::Physics<kuramoto_sivashinsky::FourthOrder>& physics);

}  // namespace jpo
