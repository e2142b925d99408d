#pragma once
#include <string>
#include <vector>

#include "core/library_version.hpp"

namespace jpo {

/// MPI's name and version, as the library says them. Not collective.
std::string mpi_library_name();
/// MPI and PETSc; other folders add theirs. Not collective.
std::vector<LibraryBuild> core_library_builds();

}  // namespace jpo
