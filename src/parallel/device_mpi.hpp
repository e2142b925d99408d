#pragma once

namespace jpo {

/// True where this MPI says, when it runs, that it takes pointers to CUDA memory.
bool mpi_takes_device_memory();

}  // namespace jpo
