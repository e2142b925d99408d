#pragma once
// Copies of rows between batches: on the device if both batches are in its memory, otherwise on the
// host.

#include <cstdint>
#include <span>
#include <vector>

#include "core/device/batch.hpp"
#include "core/device/space_array.hpp"

namespace jpo {

/// Row numbers on the host, with a copy in device memory if it is needed.
class RowList {
 public:
  /// `space`: memory in which data() may be used in addition to the host's.
  explicit RowList(MemorySpace space) : on_device_(space), space_(space) {}

  /// Sets the row numbers. If they are unchanged, they are not copied to the device again.
  void assign(std::span<const std::int64_t> rows);
  std::span<const std::int64_t> rows() const { return rows_; }
  std::int64_t size() const { return std::ssize(rows_); }
  /// Returns the row numbers in the space `where`. Throws std::logic_error if it is neither the
  /// host nor the space of the constructor.
  const std::int64_t* data(MemorySpace where) const;

 private:
  std::vector<std::int64_t> rows_;
  mutable GrowingArray<std::int64_t> on_device_;
  MemorySpace space_;
  mutable bool is_sent_ = false;
};

/// to.row(k) = from.row(rows[k]); `to` has as many rows as the list.
void gather_rows(const Batch& from, const RowList& rows, Batch& to);
/// to.row(rows[k]) = from.row(k); other rows stay.
void scatter_rows(const Batch& from, const RowList& rows, Batch& to);
/// to.row(to_rows[k]) = from.row(from_rows[k]); other rows stay.
void copy_rows(const Batch& from, const RowList& from_rows, Batch& to, const RowList& to_rows);
/// batch.row(rows[k]) = 0; other rows stay.
void clear_rows(const RowList& rows, Batch& batch);

}  // namespace jpo
