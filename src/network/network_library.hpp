#pragma once
// Version, threads and GPU support of the network's library (torch).

#include <cstdint>

#include "core/library_version.hpp"

namespace jpo {

/// Returns the versions of the library at compile time and at run time.
LibraryBuild network_library_build();

/// Threads that the library, and OpenBLAS below it, use in one call.
struct NetworkThreads {
  std::int64_t library = 1;
  /// 0: unknown, the BLAS is not OpenBLAS.
  std::int64_t blas = 0;
};
/// Returns the threads in use; call it after start_network_library().
NetworkThreads network_threads();

/// Returns true if the library can use a GPU of this machine.
bool network_library_sees_gpu();

}  // namespace jpo
