#include <bit>
#include <type_traits>

#include "core/device/hash_in_place.hpp"
#include "core/device/kernel_launch.hpp"
#include "core/device/space_array.hpp"

namespace jpo {
namespace {

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15ULL;

// SplitMix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit of z.
JPO_KERNEL std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

// Hashes the numbers part, part + n_part, part + 2 n_part, ...
template <class Number>
struct HashPart {
  using Bits = std::conditional_t<sizeof(Number) == 8, std::uint64_t, std::uint32_t>;
  const Number* numbers;
  std::int64_t n;
  std::int64_t n_part;
  JPO_KERNEL std::uint64_t operator()(std::int64_t part) const {
    std::uint64_t sum = 0;
    for (std::int64_t k = part; k < n; k += n_part)
      sum += mix(kGolden * static_cast<std::uint64_t>(k + 1) + std::bit_cast<Bits>(numbers[k]));
    return sum;
  }
};

template <class Number>
std::uint64_t hash_of(MemorySpace space, const Number* numbers, std::int64_t n) {
  // Enough threads to use the whole device. Each of them adds once to the total.
  const std::int64_t n_part = space == MemorySpace::host ? 1 : 16384;
  const SpaceArray<std::uint64_t> sum(space, 1);
  sum_over_indices(space, n_part, HashPart<Number>{numbers, n, n_part}, sum.data());
  return sum.read().front();
}

}  // namespace

std::uint64_t hash_in_place(MemorySpace space, const float* numbers, std::int64_t n) {
  return hash_of(space, numbers, n);
}
std::uint64_t hash_in_place(MemorySpace space, const double* numbers, std::int64_t n) {
  return hash_of(space, numbers, n);
}

}  // namespace jpo
