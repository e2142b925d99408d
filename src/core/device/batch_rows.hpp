#pragma once
// Rows copied from batch to batch: on the device where both live there, on the host otherwise.

#include <cstdint>
#include <span>
#include <vector>

#include "core/device/batch.hpp"
#include "core/device/space_array.hpp"

namespace jpo {

/// Numbers of rows, on the host and, where they are asked for there, in the memory of a device.
class RowList {
 public:
  /// `space`: where they may be asked for, besides the host.
  explicit RowList(MemorySpace space) : on_device_(space), space_(space) {}

  /// What stays as it was is not sent again.
  void assign(std::span<const std::int64_t> rows);
  std::span<const std::int64_t> rows() const { return rows_; }
  std::int64_t size() const { return std::ssize(rows_); }
  /// Throws std::logic_error for a memory that they are not for.
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
/// Their values become 0.
void clear_rows(const RowList& rows, Batch& batch);

}  // namespace jpo
