#include "core/device/batch.hpp"

#include <cassert>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/errors.hpp"

namespace jpo {
namespace {

// VECSEQCUDA, which a PETSc without CUDA does not define.
constexpr const char* kDeviceType = "seqcuda";

// Throws if a batch in host memory is accessed on the device, because it has no device memory.
void check_space(MemorySpace space, MemorySpace where) {
  if (where == MemorySpace::device && space != MemorySpace::device)
    throw std::logic_error("a batch in host memory cannot be accessed on the device");
}

const double* acquire_read(Vec vec, MemorySpace space, MemorySpace where) {
  check_space(space, where);
  const PetscScalar* data = nullptr;
  if (where == MemorySpace::host)
    PETSC(VecGetArrayRead(vec, &data));
  else
    PETSC(VecGetArrayReadAndMemType(vec, &data, nullptr));
  return data;
}

double* acquire_write(Vec vec, MemorySpace space, MemorySpace where, bool overwrites) {
  check_space(space, where);
  PetscScalar* data = nullptr;
  if (where == MemorySpace::host)
    PETSC(overwrites ? VecGetArrayWrite(vec, &data) : VecGetArray(vec, &data));
  else
    PETSC(overwrites ? VecGetArrayWriteAndMemType(vec, &data, nullptr)
                     : VecGetArrayAndMemType(vec, &data, nullptr));
  return data;
}

}  // namespace

Batch::Batch(std::int64_t capacity, std::int64_t n_component, MemorySpace space)
    : capacity_(capacity), n_problem_(capacity), n_component_(n_component), space_(space) {
  if (space != MemorySpace::host && !built_with_cuda())
    throw std::invalid_argument("this build of jpo has no CUDA: batches are in host memory only");
  // A division, because the product may overflow.
  constexpr std::int64_t limit = std::numeric_limits<PetscInt>::max();
  if (n_component > 0 && capacity > limit / n_component)
    throw BadInput(fmt::format(
        "{} problems of {} values on one rank exceed PETSc's largest index ({}); allowed: more "
        "ranks (and micro-batches), or fewer problems",
        capacity, n_component, limit));
  PETSC(VecCreate(PETSC_COMM_SELF, vec_.put()));
  PETSC(VecSetSizes(vec_.get(), static_cast<PetscInt>(capacity * n_component), PETSC_DECIDE));
  PETSC(VecSetType(vec_.get(), space == MemorySpace::host ? VECSEQ : kDeviceType));
}

void Batch::set_n_problem(std::int64_t n_problem) {
  assert(n_problem >= 0 && n_problem <= capacity_);
  n_problem_ = n_problem;
}

Batch::ReadAccess Batch::read(MemorySpace where) const {
  return {*this, where};
}
Batch::WriteAccess Batch::write(MemorySpace where) {
  return {*this, where, false};
}
Batch::WriteAccess Batch::overwrite(MemorySpace where) {
  return {*this, where, true};
}

void Batch::fill(double value) {
  PETSC(VecSet(vec_.get(), value));
}

Batch Batch::copy() const {
  Batch result(capacity_, n_component_, space_);
  result.set_n_problem(n_problem_);
  PETSC(VecCopy(vec_.get(), result.vec_.get()));
  return result;
}

Batch::ReadAccess::ReadAccess(const Batch& batch, MemorySpace where)
    : BatchRows(acquire_read(batch.vec_.get(), batch.space_, where), batch.n_problem_,
                batch.n_component_),
      vec_(batch.vec_.get()),
      where_(where) {}

Batch::ReadAccess::~ReadAccess() {
  const PetscScalar* raw = data();
  [[maybe_unused]] const auto code = where_ == MemorySpace::host
                                         ? VecRestoreArrayRead(vec_, &raw)
                                         : VecRestoreArrayReadAndMemType(vec_, &raw);
  assert(code == 0);
}

Batch::WriteAccess::WriteAccess(Batch& batch, MemorySpace where, bool overwrites)
    : BatchRows(acquire_write(batch.vec_.get(), batch.space_, where, overwrites), batch.n_problem_,
                batch.n_component_),
      vec_(batch.vec_.get()),
      where_(where),
      overwrites_(overwrites) {}

Batch::WriteAccess::~WriteAccess() {
  PetscScalar* raw = data();
  const auto restore = [&] {
    if (where_ == MemorySpace::host)
      return overwrites_ ? VecRestoreArrayWrite(vec_, &raw) : VecRestoreArray(vec_, &raw);
    return overwrites_ ? VecRestoreArrayWriteAndMemType(vec_, &raw)
                       : VecRestoreArrayAndMemType(vec_, &raw);
  };
  [[maybe_unused]] const auto code = restore();
  assert(code == 0);
}

}  // namespace jpo
