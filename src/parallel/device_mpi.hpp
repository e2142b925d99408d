#pragma once

namespace jpo {

/// Returns true if the running MPI reports that it accepts pointers to CUDA memory. Not collective.
bool mpi_takes_device_memory();

}  // namespace jpo
