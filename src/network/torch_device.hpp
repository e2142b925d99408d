#pragma once
#include <c10/core/Device.h>

#include "core/device/memory_space.hpp"

namespace jpo {

/// Returns torch's device for the memory space.
c10::Device torch_device(MemorySpace space);

}  // namespace jpo
