#pragma once
// Draws that are the same numbers on every machine, rank count and library version: a counter-based
// generator (Philox 4x32-10: Salmon, Moraes, Dror, Shaw, SC'11, doi 10.1145/2063384.2063405) and a
// normal draw that uses nothing but +, -, *, / and sqrt.

#include <array>
#include <cstdint>
#include <string_view>

namespace jpo {

/// A 64-bit seed for one purpose of one problem: hash(run seed, purpose, method, global id).
std::uint64_t stream_seed(std::uint64_t run_seed, std::string_view purpose, std::string_view method,
                          std::int64_t global_id);

/// The raw generator: ten Philox rounds of `counter` under `key`.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key);

/// One stream of draws. Cheap to construct: make one per problem and purpose.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed) : seed_(seed) {}

  /// 64 uniform bits.
  std::uint64_t bits();
  /// In (0, 1), 53 bits, never 0 or 1.
  double uniform();
  /// In (lower, upper)
  double uniform(double lower, double upper);
  /// Mean 0, deviation 1.
  double normal();
  /// 0 .. n-1, unbiased.
  std::uint64_t below(std::uint64_t n);

 private:
  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
};

/// Inverse of the normal distribution function at p in (0, 1): Wichura, algorithm AS 241 (1988),
/// relative error about 1e-15, with a logarithm of our own so that its bits never change.
double normal_quantile(double p);

}  // namespace jpo
