// LibTorch does not support the emulated device. Its tensors stay on the host, and kernels can
// access them there.

#include "network/torch_device.hpp"

namespace jpo {

c10::Device torch_device(MemorySpace /*space*/) {
  return c10::kCPU;
}

}  // namespace jpo
