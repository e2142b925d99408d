#pragma once
// Random draws that do not depend on the machine, the number of ranks or library versions. The
// generator is counter-based (Philox 4x32-10: Salmon, Moraes, Dror, Shaw, SC'11, doi
// 10.1145/2063384.2063405). The normal draw uses only +, -, *, / and sqrt.

#include <array>
#include <cstdint>
#include <string_view>

namespace jpo {

/// Returns a 64-bit seed for one purpose of one problem: a hash of run seed, purpose, method name
/// and global problem id.
std::uint64_t stream_seed(std::uint64_t run_seed, std::string_view purpose, std::string_view method,
                          std::int64_t global_id);

/// Returns ten Philox rounds of `counter` with `key`.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key);

/// One stream of draws. Construction is cheap: each problem and purpose has its own stream.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed) : seed_(seed) {}

  /// Returns 64 uniform bits.
  std::uint64_t bits();
  /// Returns one of 2^52 equally spaced numbers in (0, 1), never 0 or 1.
  double uniform();
  /// Returns a uniform number between lower and upper.
  double uniform(double lower, double upper);
  /// Returns a normal number of mean 0 and standard deviation 1.
  double normal();
  /// Returns a uniform integer in 0 .. n-1, without bias.
  std::uint64_t below(std::uint64_t n);

 private:
  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
};

/// Returns the inverse of the normal distribution function at p in (0, 1): Wichura (1988),
/// algorithm AS 241, relative error about 1e-15. It does not use the C library's logarithm, because
/// its bits may change between versions.
double normal_quantile(double p);

}  // namespace jpo
