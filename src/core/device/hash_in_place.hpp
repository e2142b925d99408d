#pragma once
#include <cstdint>

#include "core/device/memory_space.hpp"

namespace jpo {

/// Hash of numbers where they are, by a kernel: equal bits in equal places, equal hash, in any
/// memory space. A sum of what each number gives, so that their order of work does not matter.
std::uint64_t hash_in_place(MemorySpace space, const float* numbers, std::int64_t n);
std::uint64_t hash_in_place(MemorySpace space, const double* numbers, std::int64_t n);

}  // namespace jpo
