#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/device/kernel_launch.hpp"
#include "core/phase_timer.hpp"
#include "parallel/exact_sum.hpp"
#include "parallel/exact_terms.hpp"

namespace jpo {

FlatSum::FlatSum(const Sizes& sizes, Reduction reduction, MemorySpace space)
    : sizes_(sizes),
      reduction_(reduction),
      n_exact_(reduction == Reduction::exact ? sizes.n_value : 0),
      tail_(static_cast<std::size_t>(2 * sizes.n_scalar + sizes.n_count + 2)),
      integers_(space, 2 * n_exact_ + std::ssize(tail_)),
      plain_(space, sizes.n_value - n_exact_),
      totals_(space, sizes.n_value) {
  if (integers_.size() > std::numeric_limits<int>::max())
    throw std::length_error("FlatSum: more than 2^31 - 1 numbers in one reduction");
}

void FlatSum::clear() {
  integers_.clear();
  plain_.clear();
  std::ranges::fill(tail_, 0);
}

void FlatSum::add(std::span<const double> terms) {
  add_terms(MemorySpace::host, terms.data(), std::ssize(terms));
}

void FlatSum::add(const SpaceArray<double>& terms) {
  add_terms(terms.space(), terms.data(), terms.size());
}

void FlatSum::add_terms(MemorySpace space, const double* terms, std::int64_t n) {
  if (space != integers_.space() || n > sizes_.n_value)
    throw std::logic_error("FlatSum: the terms have another memory space or size than the sum");
  std::int64_t* high = integers_.data();
  std::int64_t* n_refused = high + 2 * n_exact_;
  if (reduction_ == Reduction::exact)
    sum_over_indices(space, n, AddExactly{terms, high, high + n_exact_}, n_refused);
  else
    sum_over_indices(space, n, AddPlainly{terms, plain_.data()}, n_refused);
}

void FlatSum::add_scalar(std::int64_t which, double term) {
  std::int64_t* high = tail_.data() + 1 + which;
  tail_.back() += AddExactly{&term, high, high + sizes_.n_scalar}(0);
}

double FlatSum::scalar(std::int64_t which) const {
  const std::int64_t* high = tail_.data() + 1 + which;
  return combine(*high, high[sizes_.n_scalar]);
}

void FlatSum::count(std::int64_t which, std::int64_t n) {
  tail_[1 + 2 * sizes_.n_scalar + which] += n;
}

std::int64_t FlatSum::counted(std::int64_t which) const {
  return tail_[1 + 2 * sizes_.n_scalar + which];
}

std::int64_t FlatSum::n_refused() const {
  return tail_.front() + tail_.back();
}

void FlatSum::reduce(const Transport& transport, Seconds& seconds) {
  const MemorySpace space = integers_.space();
  if (space == MemorySpace::device) finish_device_work();
  // The first number of the tail was counted in the memory space of the values, so it is not
  // copied.
  copy_values<std::int64_t>(space, integers_.data() + 2 * n_exact_ + 1, MemorySpace::host,
                            tail_.data() + 1, std::ssize(tail_) - 1);
  const auto start = std::chrono::steady_clock::now();
  MPI_OK(MPI_Barrier(transport.comm()));
  seconds.wait += seconds_since(start);
  const auto transfer = std::chrono::steady_clock::now();
  if (space == MemorySpace::host || transport.takes_device_memory()) {
    sum_integers(space, integers_.data(), transport);
  } else {
    if (!staged_) staged_.emplace(space, integers_.size());
    copy_values(MemorySpace::host, staged_->data(), space, integers_.data(), integers_.size());
    sum_integers(MemorySpace::host, staged_->data(), transport);
  }
  if (reduction_ == Reduction::fast) sum_doubles(transport);
  seconds.transfer += seconds_since(transfer);
}

void FlatSum::sum_integers(MemorySpace space, std::int64_t* integers, const Transport& transport) {
  transport.sum(space, integers, integers_.size());
  copy_values(MemorySpace::host, tail_.data(), space, integers + 2 * n_exact_, std::ssize(tail_));
  if (reduction_ == Reduction::exact) combine_values(space, integers);
}

void FlatSum::combine_values(MemorySpace space, const std::int64_t* integers) {
  Combine kernel{integers, integers + n_exact_, totals_.data()};
  if (space == MemorySpace::host) {
    for_each_index(space, n_exact_, kernel);
    return;
  }
  if (!device_totals_) device_totals_.emplace(space, n_exact_);
  kernel.total = device_totals_->data();
  for_each_index(space, n_exact_, kernel);
  finish_device_work();
  copy_values(MemorySpace::host, totals_.data(), space, device_totals_->data(), n_exact_);
}

void FlatSum::sum_doubles(const Transport& transport) {
  const MemorySpace space = plain_.space();
  const bool on_device = space != MemorySpace::host && transport.takes_device_memory();
  if (on_device) transport.sum(space, plain_.data(), sizes_.n_value);
  copy_values(MemorySpace::host, totals_.data(), space, plain_.data(), sizes_.n_value);
  if (!on_device) transport.sum(MemorySpace::host, totals_.data(), sizes_.n_value);
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

double reduce_max(double value, MPI_Comm comm) {
  reduce_max({&value, 1}, comm);
  return value;
}

std::int64_t reduce_sum(std::int64_t value, MPI_Comm comm) {
  MPI_OK(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT64_T, MPI_SUM, comm));
  return value;
}

std::vector<double> gather_rows(std::span<const double> local, MPI_Comm comm) {
  const int n_rank = mpi::size(comm);
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
    throw std::length_error("gather_rows: more than 2^31 - 1 numbers");
  std::vector<double> all(static_cast<std::size_t>(total));
  MPI_OK(MPI_Allgatherv(local.data(), static_cast<int>(n_local), MPI_DOUBLE, all.data(),
                        counts.data(), offsets.data(), MPI_DOUBLE, comm));
  return all;
}

}  // namespace jpo
