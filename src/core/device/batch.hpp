#pragma once
// The one data type that crosses folders: a row-major [problem, component] block of doubles.

#include <cstdint>
#include <span>

#include <petscvec.h>

#include "core/device/memory_space.hpp"
#include "core/handle.hpp"

namespace jpo {

/// Values of a batch while a guard holds them. Host memory: rows are spans.
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

/// Row-major [problem, component] doubles in a sequential PETSc Vec on one memory space.
/// Memory is allocated once, for `capacity` rows; set_n_problem() chooses how many of them count.
class Batch {
 public:
  class ReadAccess;
  class WriteAccess;

  Batch() : Batch(0, 0) {}
  /// Throws BadInput where it is beyond PETSc's largest index.
  Batch(std::int64_t capacity, std::int64_t n_component, MemorySpace space = MemorySpace::host);

  std::int64_t n_problem() const { return n_problem_; }
  std::int64_t n_component() const { return n_component_; }
  std::int64_t capacity() const { return capacity_; }
  MemorySpace space() const { return space_; }

  /// No allocation: 0 <= n_problem <= capacity, rows keep their values.
  void set_n_problem(std::int64_t n_problem);

  /// Scoped access: the values are valid while the guard lives. PETSc sees every write (it caches
  /// norms, so memory must never be changed outside a guard), and where a batch in device memory is
  /// read on the host, or the other way, it copies what is not up to date there.
  ReadAccess read(MemorySpace where = MemorySpace::host) const;
  WriteAccess write(MemorySpace where = MemorySpace::host);
  /// For who writes every value that will be read: what was there may be lost.
  WriteAccess overwrite(MemorySpace where = MemorySpace::host);

  /// All rows, those that do not count as well; where the batch lives, as copy().
  void fill(double value);
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
