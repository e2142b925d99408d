#include "network/torch_device.hpp"

namespace jpo {

c10::Device torch_device(MemorySpace space) {
  return space == MemorySpace::device ? c10::kCUDA : c10::kCPU;
}

}  // namespace jpo
