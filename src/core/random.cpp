#include "core/random.hpp"

#include <bit>
#include <cmath>
#include <span>

#include "core/hash.hpp"

namespace jpo {
namespace {

constexpr double kLn2High = 6.93147180369123816490e-01;  // ln 2 in two parts (fdlibm, e_log.c)
constexpr double kLn2Low = 1.90821492927058770002e-10;

// Returns log(x), x > 0, from x = 2^k f and the series of 2 atanh((f-1)/(f+1)). The error is about
// 1 ulp. The bits are the same with every C library.
double plain_log(double x) {
  int k = 0;
  double f = std::frexp(x, &k);
  if (f < 0.70710678118654752440) {
    f *= 2.0;
    --k;
  }
  const double s = (f - 1.0) / (f + 1.0);
  const double s2 = s * s;
  double series = 0.0;
  for (int n = 23; n >= 3; n -= 2) series = (series + 1.0 / n) * s2;
  return k * kLn2High + (2.0 * s * series + k * kLn2Low) + 2.0 * s;
}

template <std::size_t n>
double horner(const std::array<double, n>& coefficients, double x) {
  double value = coefficients[n - 1];
  for (std::size_t k = n - 1; k-- > 0;) value = value * x + coefficients[k];
  return value;
}

// Coefficients of the three rational approximations of Wichura (1988), AS 241, PPND16.
constexpr std::array kCentreTop = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                   1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                   4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                   3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr std::array kCentreBottom = {1.0,
                                      4.2313330701600911252e+1,
                                      6.8718700749205790830e+2,
                                      5.3941960214247511077e+3,
                                      2.1213794301586595867e+4,
                                      3.9307895800092710610e+4,
                                      2.8729085735721942674e+4,
                                      5.2264952788528545610e+3};
constexpr std::array kMiddleTop = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                   5.76949722146069140550e0,  3.64784832476320460504e0,
                                   1.27045825245236838258e0,  2.41780725177450611770e-1,
                                   2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr std::array kMiddleBottom = {1.0,
                                      2.05319162663775882187e0,
                                      1.67638483018380384940e0,
                                      6.89767334985100004550e-1,
                                      1.48103976427480074590e-1,
                                      1.51986665636164571966e-2,
                                      5.47593808499534494600e-4,
                                      1.05075007164441684324e-9};
constexpr std::array kTailTop = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                 1.78482653991729133580e0,  2.96560571828504891230e-1,
                                 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                 2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr std::array kTailBottom = {1.0,
                                    5.99832206555887937690e-1,
                                    1.36929880922735805310e-1,
                                    1.48753612908506148525e-2,
                                    7.86869131145613259100e-4,
                                    1.84631831751005468180e-5,
                                    1.42151175831644588870e-7,
                                    2.04426310338993978564e-15};

std::uint32_t high_word(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32U);
}
std::uint32_t low_word(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}

}  // namespace

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = 0xD2511F53ULL * counter[0];
    const std::uint64_t b = 0xCD9E8D57ULL * counter[2];
    counter = {high_word(b) ^ counter[1] ^ key[0], low_word(b), high_word(a) ^ counter[3] ^ key[1],
               low_word(a)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

std::uint64_t stream_seed(std::uint64_t run_seed, std::string_view purpose, std::string_view method,
                          std::int64_t global_id) {
  std::uint64_t hash = hash_values(std::span<const std::uint64_t>(&run_seed, 1));
  hash = hash_values(std::span<const char>(purpose), hash);
  hash = hash_values(std::span<const char>("|", 1), hash);
  hash = hash_values(std::span<const char>(method), hash);
  hash = hash_values(std::span<const std::int64_t>(&global_id, 1), hash);
  const auto mixed = philox({low_word(hash), high_word(hash), 0, 0}, {0x6a70, 0x6f});
  return (static_cast<std::uint64_t>(mixed[0]) << 32U) | mixed[1];
}

std::uint64_t RandomStream::bits() {
  const auto block = philox({low_word(counter_ / 2), high_word(counter_ / 2), 0, 0},
                            {low_word(seed_), high_word(seed_)});
  const std::size_t half = (counter_++ % 2) * 2;
  return (static_cast<std::uint64_t>(block[half]) << 32U) | block[half + 1];
}

double RandomStream::uniform() {
  return (static_cast<double>(bits() >> 12U) + 0.5) * 0x1p-52;
}

double RandomStream::uniform(double lower, double upper) {
  return lower + (upper - lower) * uniform();
}

double RandomStream::normal() {
  return normal_quantile(uniform());
}

std::uint64_t RandomStream::below(std::uint64_t n) {
  // Larger draws are rejected: the number of accepted values is a multiple of n.
  const std::uint64_t limit = ~0ULL - (~0ULL % n + 1) % n;
  std::uint64_t draw = bits();
  while (draw > limit) draw = bits();
  return draw % n;
}

double normal_quantile(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * horner(kCentreTop, r) / horner(kCentreBottom, r);
  }
  const double r = std::sqrt(-plain_log(q < 0.0 ? p : 1.0 - p));
  const double value = r <= 5.0 ? horner(kMiddleTop, r - 1.6) / horner(kMiddleBottom, r - 1.6)
                                : horner(kTailTop, r - 5.0) / horner(kTailBottom, r - 5.0);
  return q < 0.0 ? -value : value;
}

}  // namespace jpo
