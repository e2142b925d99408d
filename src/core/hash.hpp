#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace jpo {

/// FNV-1a over the bytes of `values`, chained through `hash`: equal bits, equal hash.
inline std::uint64_t hash_bytes(std::span<const std::byte> bytes,
                                std::uint64_t hash = 0xcbf29ce484222325ULL) {
  for (const std::byte byte : bytes) {
    hash ^= static_cast<std::uint64_t>(byte);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

template <class T>
std::uint64_t hash_values(std::span<const T> values, std::uint64_t hash = 0xcbf29ce484222325ULL) {
  return hash_bytes(std::as_bytes(values), hash);
}

}  // namespace jpo
