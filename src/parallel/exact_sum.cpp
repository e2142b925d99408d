#include "parallel/exact_sum.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/checks.hpp"

namespace jpo {
namespace {

constexpr double kHighUnit = 0x1p-20;
constexpr double kLowUnit = 0x1p-64;
constexpr double kTermLimit = 0x1p22;

// 1.5 * 2^52: adding it rounds |x| < 2^51 to an integer that stands in the low bits.
constexpr double kRounder = 0x1.8p52;
constexpr std::int64_t kRounderBits = std::bit_cast<std::int64_t>(kRounder);

std::int64_t integer_of(double shifted) {
  return std::bit_cast<std::int64_t>(shifted) - kRounderBits;
}

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// NaN is refused as well: it is not below anything.
bool is_good(double term) {
  return std::abs(term) < kTermLimit;
}

std::int64_t count_refused(std::span<const double> terms) {
  std::int64_t refused = 0;
  for (const double term : terms) refused += is_good(term) ? 0 : 1;
  return refused;
}

void add_exact(double x, std::int64_t& high, std::int64_t& low) {
  const double shifted_high = x * (1.0 / kHighUnit) + kRounder;
  const double rest = x - (shifted_high - kRounder) * kHighUnit;
  const double shifted_low = rest * (1.0 / kLowUnit) + kRounder;
  high += integer_of(shifted_high);
  low += integer_of(shifted_low);
}

// hi 2^-20 + lo 2^-64, rounded once: what lo holds in whole high units is carried first.
double combine(std::int64_t high, std::int64_t low) {
  constexpr std::int64_t kLowPerHigh = std::int64_t{1} << 44U;
  high += low / kLowPerHigh;
  low %= kLowPerHigh;
  return static_cast<double>(high) * kHighUnit + static_cast<double>(low) * kLowUnit;
}

}  // namespace

FlatSum::FlatSum(std::int64_t n_value, std::int64_t n_count, Reduction reduction)
    : reduction_(reduction),
      n_value_(n_value),
      n_count_(n_count),
      integers_(static_cast<std::size_t>((reduction == Reduction::exact ? 2 * n_value : 0) +
                                         n_count + 1)),
      plain_(static_cast<std::size_t>(reduction == Reduction::fast ? n_value : 0)),
      totals_(static_cast<std::size_t>(n_value)) {
  if (integers_.size() > std::numeric_limits<int>::max())
    throw std::length_error("a flat reduction of more than 2^31 numbers");
}

void FlatSum::clear() {
  std::ranges::fill(integers_, 0);
  std::ranges::fill(plain_, 0.0);
}

void FlatSum::add(std::int64_t first, std::span<const double> terms) {
  const std::int64_t refused = count_refused(terms);
  integers_.back() += refused;
  const auto add_all = [&](auto&& term) {
    std::int64_t* high = integers_.data() + first;
    std::int64_t* low = high + n_value_;
    double* sum = plain_.data() + first;
    if (reduction_ == Reduction::exact) {
      for (std::size_t k = 0; k < terms.size(); ++k) add_exact(term(k), high[k], low[k]);
    } else {
      for (std::size_t k = 0; k < terms.size(); ++k) sum[k] += term(k);
    }
  };
  // The usual case has no branch in its loop, and vectorizes.
  if (refused == 0)
    add_all([&](std::size_t k) { return terms[k]; });
  else
    add_all([&](std::size_t k) { return is_good(terms[k]) ? terms[k] : 0.0; });
}

void FlatSum::count(std::int64_t which, std::int64_t n) {
  integers_[integers_.size() - 1 - static_cast<std::size_t>(n_count_ - which)] += n;
}

std::int64_t FlatSum::counted(std::int64_t which) const {
  return integers_[integers_.size() - 1 - static_cast<std::size_t>(n_count_ - which)];
}

std::int64_t FlatSum::n_refused() const {
  return integers_.back();
}

void FlatSum::reduce(MPI_Comm comm, Seconds& seconds) {
  const auto start = std::chrono::steady_clock::now();
  MPI_OK(MPI_Barrier(comm));
  seconds.wait += since(start);
  const auto transfer = std::chrono::steady_clock::now();
  MPI_OK(MPI_Allreduce(MPI_IN_PLACE, integers_.data(), static_cast<int>(integers_.size()),
                       MPI_INT64_T, MPI_SUM, comm));
  if (reduction_ == Reduction::fast) {
    MPI_OK(MPI_Allreduce(plain_.data(), totals_.data(), static_cast<int>(n_value_), MPI_DOUBLE,
                         MPI_SUM, comm));
  } else {
    const std::int64_t* high = integers_.data();
    for (std::size_t k = 0; k < totals_.size(); ++k)
      totals_[k] = combine(high[k], high[k + totals_.size()]);
  }
  seconds.transfer += since(transfer);
}

int binary_exponent(double max_abs) {
  int exponent = 0;
  if (max_abs > 0.0 && std::isfinite(max_abs)) std::frexp(max_abs, &exponent);
  return exponent;
}

void reduce_max(std::span<double> values, MPI_Comm comm) {
  MPI_OK(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE,
                       MPI_MAX, comm));
}

std::int64_t reduce_sum(std::int64_t value, MPI_Comm comm) {
  MPI_OK(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT64_T, MPI_SUM, comm));
  return value;
}

std::vector<double> gather_rows(std::span<const double> local, MPI_Comm comm) {
  int n_rank = 1;
  MPI_OK(MPI_Comm_size(comm, &n_rank));
  const auto n_local = static_cast<std::int64_t>(local.size());
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(n_rank));
  MPI_OK(MPI_Allgather(&n_local, 1, MPI_INT64_T, sizes.data(), 1, MPI_INT64_T, comm));
  std::vector<int> counts, offsets;
  std::int64_t total = 0;
  for (const std::int64_t size : sizes) {
    counts.push_back(static_cast<int>(size));
    offsets.push_back(static_cast<int>(total));
    total += size;
  }
  if (total > std::numeric_limits<int>::max())
    throw std::length_error("more than 2^31 numbers gathered on one rank");
  std::vector<double> all(static_cast<std::size_t>(total));
  MPI_OK(MPI_Allgatherv(local.data(), static_cast<int>(n_local), MPI_DOUBLE, all.data(),
                        counts.data(), offsets.data(), MPI_DOUBLE, comm));
  return all;
}

}  // namespace jpo
