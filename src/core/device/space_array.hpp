#pragma once
// Numbers in a memory of this rank, owned.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/device/memory_space.hpp"

namespace jpo {

/// Cache-line aligned values in one memory space, all 0 at first.
template <class Value>
class SpaceArray {
 public:
  explicit SpaceArray(MemorySpace space) : space_(space) {}
  SpaceArray(MemorySpace space, std::int64_t n)
      : space_(space), data_(n > 0 ? allocate_values<Value>(space, n) : nullptr), size_(n) {}
  SpaceArray(const SpaceArray&) = delete;
  SpaceArray& operator=(const SpaceArray&) = delete;
  SpaceArray(SpaceArray&& other) noexcept
      : space_(other.space_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  SpaceArray& operator=(SpaceArray&& other) noexcept {
    std::swap(space_, other.space_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~SpaceArray() {
    if (data_ != nullptr) release_bytes(space_, data_);
  }

  MemorySpace space() const { return space_; }
  Value* data() const { return data_; }
  std::int64_t size() const { return size_; }

  void clear() { clear_bytes(space_, data_, size_ * static_cast<std::int64_t>(sizeof(Value))); }
  /// A copy on the host.
  std::vector<Value> read() const {
    std::vector<Value> values(static_cast<std::size_t>(size_));
    copy_values<Value>(MemorySpace::host, values.data(), space_, data_, size_);
    return values;
  }

 private:
  MemorySpace space_;
  Value* data_ = nullptr;
  std::int64_t size_ = 0;
};

/// What kernels read and nobody changes: numbers, or plain structs of them.
template <class Value>
class KernelArray {
 public:
  explicit KernelArray(MemorySpace space) : values_(space) {}
  KernelArray(MemorySpace space, const std::vector<Value>& values)
      : values_(space, std::ssize(values)) {
    copy_values(space, values_.data(), MemorySpace::host, values.data(), std::ssize(values));
  }
  const Value* data() const { return values_.data(); }
  std::int64_t size() const { return values_.size(); }
  std::int64_t n_byte() const { return size() * static_cast<std::int64_t>(sizeof(Value)); }

 private:
  SpaceArray<Value> values_;
};

/// Memory that grows only when a larger batch comes; the values are lost then.
template <class Value>
class GrowingArray {
 public:
  explicit GrowingArray(MemorySpace space = MemorySpace::host) : values_(space) {}

  void reserve(std::int64_t n) {
    if (n <= 0 || n <= values_.size()) return;
    const MemorySpace space = values_.space();
    values_ = SpaceArray<Value>(space);  // the old ones go before the new ones come
    values_ = SpaceArray<Value>(space, n);
  }
  Value* data() { return values_.data(); }
  const Value* data() const { return values_.data(); }
  /// The values from `first` on, on the host.
  std::vector<Value> read(std::int64_t first, std::int64_t n) const {
    std::vector<Value> values(static_cast<std::size_t>(n));
    copy_values(MemorySpace::host, values.data(), values_.space(), data() + first, n);
    return values;
  }

 private:
  SpaceArray<Value> values_;
};

/// Values on the host that `partner` copies from and to directly; ordinary where that is the host.
template <class Value>
class PinnedArray {
 public:
  PinnedArray(MemorySpace partner, std::int64_t n)
      : data_(n > 0 ? static_cast<Value*>(
                          allocate_pinned(partner, n * static_cast<std::int64_t>(sizeof(Value))))
                    : nullptr,
              Release{partner}) {}
  Value* data() const { return data_.get(); }

 private:
  struct Release {
    MemorySpace partner;
    void operator()(Value* values) const noexcept { release_pinned(partner, values); }
  };
  std::unique_ptr<Value, Release> data_;
};

}  // namespace jpo
