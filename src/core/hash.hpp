#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace jpo {

/// Returns a hash of the bytes: FNV-1a with 64-bit words instead of bytes and one additional shift
/// per word. The last word is padded with zeros. `hash` is the earlier hash to continue.
inline std::uint64_t hash_bytes(std::span<const std::byte> bytes,
                                std::uint64_t hash = 0xcbf29ce484222325ULL) {
  for (std::size_t k = 0; k < bytes.size(); k += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + k, std::min(sizeof(word), bytes.size() - k));
    hash ^= word;
    hash *= 0x100000001b3ULL;
    hash ^= hash >> 32U;
  }
  return hash;
}

/// Returns hash_bytes of the values' memory.
template <class T>
std::uint64_t hash_values(std::span<const T> values, std::uint64_t hash = 0xcbf29ce484222325ULL) {
  return hash_bytes(std::as_bytes(values), hash);
}

/// Returns the upper 53 bits of a hash, which a double represents exactly.
inline double hash_number(std::uint64_t hash) {
  return static_cast<double>(hash >> 11U);
}

}  // namespace jpo
