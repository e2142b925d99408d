#pragma once
// What the network's library is and how many threads it computes with.

#include <cstdint>

#include "core/library_version.hpp"

namespace jpo {

LibraryBuild network_library_build();

/// Threads that it, and OpenBLAS under it, would use in one call. After start_network_library().
struct NetworkThreads {
  std::int64_t library = 1;
  /// 0: the BLAS is another one, and does not say.
  std::int64_t blas = 0;
};
NetworkThreads network_threads();

/// True where the library could compute on a GPU of this machine.
bool network_library_sees_gpu();

}  // namespace jpo
