#pragma once
// A device played on the host: its memory is out of the host's reach but for kernels and copies,
// and kernels run their indices in an order of their own. What it does not find is a kernel that is
// given a pointer to the host's memory. The environment variable JPO_EMULATED_ROOM says how many
// bytes it has, JPO_EMULATED_BYTES asks what has gone to and fro. Stands for
// core/device/memory_host.cpp and parallel/device_mpi.cpp.

namespace jpo {

/// An MPI that takes pointers to device memory: from now on that memory stays within reach.
void emulate_device_mpi(bool takes_device_memory);
/// Kernels that have run.
int n_emulated_kernel();
/// PETSc's vectors on a device are those on the played one from now on.
void register_emulated_vec();

}  // namespace jpo
