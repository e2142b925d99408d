#include "training/network_calls.hpp"

#include <algorithm>
#include <numeric>

namespace jpo {

NetworkCalls::NetworkCalls(const Shard& shard, std::int64_t rows_per_call)
    : shard_(shard), rows_per_call_(rows_per_call) {
  const auto n_row = static_cast<std::size_t>(shard.n_local_problem());
  is_usable_.resize(n_row, false);
  rows_.reserve(n_row);
  slots_.reserve(n_row);
  first_.reserve(n_row + 1);
  first_slot_.reserve(n_row + 1);
}

void NetworkCalls::begin(std::span<const std::int64_t> usable) {
  is_usable_.assign(is_usable_.size(), false);
  for (const std::int64_t row : usable) is_usable_[row] = true;
  rows_.clear();
  first_.assign(1, 0);
  slots_.clear();
  first_slot_.assign(1, 0);
}

// The slots of unusable rows stay empty, so that the answers of the other rows keep their bits.
void NetworkCalls::add(std::span<const std::int64_t> rows) {
  for (const std::int64_t row : rows) {
    const bool usable = is_usable_[row];
    slots_.push_back(usable ? row : kEmptySlot);
    if (usable) rows_.push_back(row);
  }
  first_.push_back(static_cast<std::int64_t>(rows_.size()));
  first_slot_.push_back(static_cast<std::int64_t>(slots_.size()));
}

void NetworkCalls::choose_all(std::span<const std::int64_t> usable) {
  begin(usable);
  for (std::int64_t k = 0; k < shard_.n_local_micro_batch(); ++k) {
    const std::int64_t end = k * shard_.micro_batch() + shard_.micro_batch_size(k);
    for (std::int64_t row = k * shard_.micro_batch(); row < end; row += rows_per_call_) {
      call_rows_.resize(std::min(rows_per_call_, end - row));
      std::iota(call_rows_.begin(), call_rows_.end(), row);
      add(call_rows_);
    }
  }
}

std::size_t NetworkCalls::call_of(std::int64_t j) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(first_, j) - first_.begin() - 1);
}

void NetworkCalls::predict(Network& network, std::size_t k, std::int64_t graph, const Batch& y,
                           const Batch& c, Batch& m) const {
  const auto begin = static_cast<std::size_t>(first_slot_[k]);
  const auto end = static_cast<std::size_t>(first_slot_[k + 1]);
  network.predict(graph, y, c, std::span(slots_).subspan(begin, end - begin), m, first_[k]);
}

void NetworkCalls::predict(Network& network, const Batch& y, const Batch& c, Batch& m) const {
  m.set_n_problem(static_cast<std::int64_t>(rows_.size()));
  for (std::size_t k = 0; k < n_call(); ++k) predict(network, k, kNoGraph, y, c, m);
}

}  // namespace jpo
