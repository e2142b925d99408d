// PETSc vectors on the emulated device, registered as VECSEQCUDA. Values are stored on the host and
// on the device, and are copied if the other side is newer.

#include <algorithm>
#include <limits>
#include <map>

#include <petsc/private/vecimpl.h>
#include <petscvec.h>

#include "core/checks.hpp"
#include "core/device/kernel_launch.hpp"
#include "core/device/memory_space.hpp"
#include "tests/emulated_device/emulated_device.hpp"

namespace jpo {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Mirror {
  double* device = nullptr;
  std::int64_t n = 0;
  bool host_is_newer = false;
  bool device_is_newer = false;
  PetscErrorCode (*destroy)(Vec) = nullptr;  ///< destructor of the host vector
};

std::map<Vec, Mirror> mirrors;

Mirror& mirror_of(Vec vec) {
  return mirrors.at(vec);
}
double* host_of(Vec vec) {
  return *static_cast<double**>(vec->data);
}

void update_host(Vec vec) {
  Mirror& mirror = mirror_of(vec);
  if (!mirror.device_is_newer) return;
  copy_values(MemorySpace::host, host_of(vec), MemorySpace::device, mirror.device, mirror.n);
  mirror.device_is_newer = false;
}
void update_device(Vec vec) {
  Mirror& mirror = mirror_of(vec);
  if (!mirror.host_is_newer) return;
  copy_values(MemorySpace::device, mirror.device, MemorySpace::host, host_of(vec), mirror.n);
  mirror.host_is_newer = false;
}

PetscErrorCode read_host(Vec vec, const PetscScalar** values) {
  update_host(vec);
  *values = host_of(vec);
  return 0;
}
PetscErrorCode change_host(Vec vec, PetscScalar** values) {
  mirror_of(vec).device_is_newer = false;
  mirror_of(vec).host_is_newer = true;
  *values = host_of(vec);
  return 0;
}
PetscErrorCode write_host(Vec vec, PetscScalar** values) {
  update_host(vec);
  return change_host(vec, values);
}
// Sets all values to NaN, because write access without reading does not preserve values.
PetscErrorCode overwrite_host(Vec vec, PetscScalar** values) {
  std::fill_n(host_of(vec), mirror_of(vec).n, kNaN);
  return change_host(vec, values);
}
PetscErrorCode read_device(Vec vec, const PetscScalar** values, PetscMemType* type) {
  update_device(vec);
  *values = mirror_of(vec).device;
  if (type != nullptr) *type = PETSC_MEMTYPE_CUDA;
  return 0;
}
PetscErrorCode change_device(Vec vec, PetscScalar** values, PetscMemType* type) {
  mirror_of(vec).host_is_newer = false;
  mirror_of(vec).device_is_newer = true;
  *values = mirror_of(vec).device;
  if (type != nullptr) *type = PETSC_MEMTYPE_CUDA;
  return 0;
}
PetscErrorCode write_device(Vec vec, PetscScalar** values, PetscMemType* type) {
  update_device(vec);
  return change_device(vec, values, type);
}
PetscErrorCode overwrite_device(Vec vec, PetscScalar** values, PetscMemType* type) {
  double* const device = mirror_of(vec).device;
  emulate_device(mirror_of(vec).n, [device](std::int64_t k) { device[k] = kNaN; });
  return change_device(vec, values, type);
}
PetscErrorCode restore(Vec /*vec*/, PetscScalar** /*values*/) {
  return 0;
}
PetscErrorCode restore_read(Vec /*vec*/, const PetscScalar** /*values*/) {
  return 0;
}

PetscErrorCode destroy(Vec vec) {
  const Mirror mirror = mirror_of(vec);
  release_bytes(MemorySpace::device, mirror.device);
  mirrors.erase(vec);
  return mirror.destroy(vec);
}

PetscErrorCode create(Vec vec) {
  PETSC(VecSetType(vec, VECSEQ));
  PetscInt n = 0;
  PETSC(VecGetLocalSize(vec, &n));
  mirrors[vec] = {allocate_values(MemorySpace::device, n), n, false, false, vec->ops->destroy};
  vec->ops->destroy = destroy;
  vec->ops->getarray = write_host;
  vec->ops->restorearray = restore;
  vec->ops->getarrayread = read_host;
  vec->ops->restorearrayread = restore_read;
  vec->ops->getarraywrite = overwrite_host;
  vec->ops->restorearraywrite = restore;
  vec->ops->getarrayandmemtype = write_device;
  vec->ops->restorearrayandmemtype = restore;
  vec->ops->getarrayreadandmemtype = read_device;
  vec->ops->restorearrayreadandmemtype = restore_read;
  vec->ops->getarraywriteandmemtype = overwrite_device;
  vec->ops->restorearraywriteandmemtype = [](Vec, PetscScalar**, PetscMemType*) {
    return PetscErrorCode{0};
  };
  vec->petscnative = PETSC_FALSE;
  return PetscObjectChangeTypeName(reinterpret_cast<PetscObject>(vec), "seqcuda");
}

}  // namespace

void register_emulated_vec() {
  PETSC(VecRegister("seqcuda", create));
}

}  // namespace jpo
