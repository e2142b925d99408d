// LibTorch knows no played device: its tensors stay on the host, where kernels reach them as well.

#include "network/torch_device.hpp"

namespace jpo {

c10::Device torch_device(MemorySpace /*space*/) {
  return c10::kCPU;
}

}  // namespace jpo
