#pragma once
// An emulated device on the host, for tests. Only kernels and copies can access its memory; other
// accesses end the program. Kernels run their indices in another order than on the host. A kernel
// that gets a pointer to host memory is not detected.
// Environment variables: JPO_EMULATED_ROOM is the memory of the device in bytes; if
// JPO_EMULATED_BYTES is set, the number of copied bytes is printed at the end.
// Replaces core/device/memory_host.cpp and parallel/device_mpi.cpp.

namespace jpo {

/// Sets whether MPI accepts pointers to device memory. If so, the host can access that memory.
void emulate_device_mpi(bool takes_device_memory);
/// Returns the number of kernels that have run.
int n_emulated_kernel();
/// Registers vectors on the emulated device as PETSc's type for CUDA vectors.
void register_emulated_vec();

}  // namespace jpo
