#pragma once
#include <cstdint>

#include "core/device/memory_space.hpp"

namespace jpo {

/// Returns a hash of n numbers, computed by a kernel in their memory space. The hash depends on the
/// bits and index of each number, not on the memory space: it is an integer sum over the numbers.
std::uint64_t hash_in_place(MemorySpace space, const float* numbers, std::int64_t n);
std::uint64_t hash_in_place(MemorySpace space, const double* numbers, std::int64_t n);

}  // namespace jpo
