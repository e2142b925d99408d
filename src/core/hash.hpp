#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace jpo {

/// FNV-1a with 64-bit words instead of bytes and one more shift a word; the last word is padded
/// with zeros. `hash` continues an earlier hash.
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

template <class T>
std::uint64_t hash_values(std::span<const T> values, std::uint64_t hash = 0xcbf29ce484222325ULL) {
  return hash_bytes(std::as_bytes(values), hash);
}

/// The upper 53 bits of a hash, which a double holds exactly.
inline double hash_number(std::uint64_t hash) {
  return static_cast<double>(hash >> 11U);
}

}  // namespace jpo
