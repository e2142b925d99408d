#include <algorithm>
#include <cassert>
#include <stdexcept>

#include "core/device/batch_rows.hpp"
#include "core/device/kernel_launch.hpp"

namespace jpo {
namespace {

// Copies row from_rows[k] to row to_rows[k]. A null list means row k itself.
struct CopyRows {
  BatchRows<const double> from;
  const std::int64_t* from_rows;
  BatchRows<double> to;
  const std::int64_t* to_rows;
  JPO_KERNEL void operator()(std::int64_t k, std::int64_t component) const {
    const std::int64_t source = from_rows != nullptr ? from_rows[k] : k;
    const std::int64_t target = to_rows != nullptr ? to_rows[k] : k;
    const std::int64_t n = to.n_component();
    to.data()[target * n + component] = from.data()[source * n + component];
  }
};

struct ClearRows {
  const std::int64_t* rows;
  BatchRows<double> batch;
  JPO_KERNEL void operator()(std::int64_t k, std::int64_t component) const {
    batch.data()[rows[k] * batch.n_component() + component] = 0.0;
  }
};

MemorySpace common_space(const Batch& a, const Batch& b) {
  return a.space() == b.space() ? a.space() : MemorySpace::host;
}

const std::int64_t* data_of(const RowList* rows, MemorySpace where) {
  return rows != nullptr ? rows->data(where) : nullptr;
}

void copy(const Batch& from, const RowList* from_rows, Batch& to, const RowList* to_rows) {
  assert(from.n_component() == to.n_component());
  const std::int64_t n = from_rows != nullptr ? from_rows->size() : to_rows->size();
  if (n == 0 || to.n_component() == 0) return;
  const MemorySpace where = common_space(from, to);
  const auto source = from.read(where);
  const auto target = to_rows == nullptr ? to.overwrite(where) : to.write(where);
  for_each_pair(where, n, to.n_component(),
                CopyRows{source, data_of(from_rows, where), target, data_of(to_rows, where)});
}

}  // namespace

void RowList::assign(std::span<const std::int64_t> rows) {
  if (std::ranges::equal(rows, rows_)) return;
  rows_.assign(rows.begin(), rows.end());
  is_sent_ = false;
}

const std::int64_t* RowList::data(MemorySpace where) const {
  if (where == MemorySpace::host) return rows_.data();
  if (where != space_) throw std::logic_error("this list of rows cannot be used on the device");
  if (!is_sent_) {
    on_device_.reserve(size());
    copy_values(space_, on_device_.data(), MemorySpace::host, rows_.data(), size());
    is_sent_ = true;
  }
  return on_device_.data();
}

void gather_rows(const Batch& from, const RowList& rows, Batch& to) {
  assert(to.n_problem() == rows.size());
  copy(from, &rows, to, nullptr);
}
void scatter_rows(const Batch& from, const RowList& rows, Batch& to) {
  copy(from, nullptr, to, &rows);
}
void copy_rows(const Batch& from, const RowList& from_rows, Batch& to, const RowList& to_rows) {
  assert(from_rows.size() == to_rows.size());
  copy(from, &from_rows, to, &to_rows);
}

void clear_rows(const RowList& rows, Batch& batch) {
  if (rows.size() == 0) return;
  const auto values = batch.write(batch.space());
  for_each_pair(batch.space(), rows.size(), batch.n_component(),
                ClearRows{rows.data(batch.space()), values});
}

}  // namespace jpo
