#pragma once
// Owners of arrays in one memory space.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/device/memory_space.hpp"

namespace jpo {

/// Values in one memory space, aligned to cache lines and initialized with 0.
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
  /// Returns a copy on the host.
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

/// Read-only input of kernels: numbers, or plain structs of numbers.
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

/// Memory that grows if more values are reserved than before. Its values are lost when it grows.
template <class Value>
class GrowingArray {
 public:
  explicit GrowingArray(MemorySpace space = MemorySpace::host) : values_(space) {}

  void reserve(std::int64_t n) {
    if (n <= 0 || n <= values_.size()) return;
    const MemorySpace space = values_.space();
    values_ = SpaceArray<Value>(space);  // frees the old memory first to limit the peak
    values_ = SpaceArray<Value>(space, n);
  }
  Value* data() { return values_.data(); }
  const Value* data() const { return values_.data(); }
  /// Returns a copy of the values first .. first + n - 1 on the host.
  std::vector<Value> read(std::int64_t first, std::int64_t n) const {
    std::vector<Value> values(static_cast<std::size_t>(n));
    copy_values(MemorySpace::host, values.data(), values_.space(), data() + first, n);
    return values;
  }

 private:
  SpaceArray<Value> values_;
};

/// Values in host memory: page-locked for fast copies if `partner` is a device, otherwise ordinary.
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
