#pragma once
// The data type that is passed between folders: a row-major [problem, component] block of doubles.

#include <cstdint>
#include <span>

#include <petscvec.h>

#include "core/device/memory_space.hpp"
#include "core/handle.hpp"

namespace jpo {

/// Pointer to the values of a batch [n_problem, n_component], valid while its access guard exists.
template <class Scalar>
class BatchRows {
 public:
  BatchRows(Scalar* data, std::int64_t n_problem, std::int64_t n_component)
      : data_(data), n_problem_(n_problem), n_component_(n_component) {}
  JPO_KERNEL Scalar* data() const { return data_; }
  JPO_KERNEL std::int64_t n_problem() const { return n_problem_; }
  JPO_KERNEL std::int64_t n_component() const { return n_component_; }
  JPO_KERNEL std::span<Scalar> row(std::int64_t problem) const {
    return {data_ + problem * n_component_, static_cast<std::size_t>(n_component_)};
  }
  std::span<Scalar> values() const {
    return {data_, static_cast<std::size_t>(n_problem_ * n_component_)};
  }

 private:
  Scalar* data_;
  std::int64_t n_problem_;
  std::int64_t n_component_;
};

/// Row-major [problem, component] doubles in a sequential PETSc Vec in one memory space.
/// Memory is allocated once, for `capacity` rows. set_n_problem() sets the number of rows in use.
class Batch {
 public:
  class ReadAccess;
  class WriteAccess;

  Batch() : Batch(0, 0) {}
  /// Allocates capacity * n_component doubles. Throws BadInput if this number exceeds PETSc's
  /// largest index.
  Batch(std::int64_t capacity, std::int64_t n_component, MemorySpace space = MemorySpace::host);

  std::int64_t n_problem() const { return n_problem_; }
  std::int64_t n_component() const { return n_component_; }
  std::int64_t capacity() const { return capacity_; }
  MemorySpace space() const { return space_; }

  /// Sets the number of rows in use, 0 <= n_problem <= capacity. Does not allocate; rows keep their
  /// values.
  void set_n_problem(std::int64_t n_problem);

  /// Returns a guard for read access in the space `where`. The values are valid while the guard
  /// exists. If the other space has the latest values, PETSc copies them. Throws std::logic_error
  /// if a batch in host memory is accessed on the device.
  ReadAccess read(MemorySpace where = MemorySpace::host) const;
  /// Returns a guard for read and write access. PETSc caches norms: values must not be changed
  /// without a guard.
  WriteAccess write(MemorySpace where = MemorySpace::host);
  /// Returns a guard for write access without preserving the previous values.
  WriteAccess overwrite(MemorySpace where = MemorySpace::host);

  /// Sets all `capacity` rows to `value`, in the batch's memory space.
  void fill(double value);
  /// Copies all `capacity` rows, in the batch's memory space.
  Batch copy() const;

 private:
  Handle<Vec, VecDestroy> vec_;
  std::int64_t capacity_ = 0;
  std::int64_t n_problem_ = 0;
  std::int64_t n_component_ = 0;
  MemorySpace space_ = MemorySpace::host;
};

class Batch::ReadAccess : public BatchRows<const double> {
 public:
  ReadAccess(const Batch& batch, MemorySpace where);
  ReadAccess(const ReadAccess&) = delete;
  ReadAccess& operator=(const ReadAccess&) = delete;
  ReadAccess(ReadAccess&&) = delete;
  ReadAccess& operator=(ReadAccess&&) = delete;
  ~ReadAccess();

 private:
  Vec vec_;
  MemorySpace where_;
};

class Batch::WriteAccess : public BatchRows<double> {
 public:
  WriteAccess(Batch& batch, MemorySpace where, bool overwrites);
  WriteAccess(const WriteAccess&) = delete;
  WriteAccess& operator=(const WriteAccess&) = delete;
  WriteAccess(WriteAccess&&) = delete;
  WriteAccess& operator=(WriteAccess&&) = delete;
  ~WriteAccess();

 private:
  Vec vec_;
  MemorySpace where_;
  bool overwrites_;
};

}  // namespace jpo
