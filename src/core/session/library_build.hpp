#pragma once
#include <string>
#include <vector>

#include "core/library_version.hpp"

namespace jpo {

/// Returns name and version of the loaded MPI library. Not collective.
std::string mpi_library_name();
/// Returns the builds of MPI and PETSc. Other folders add their libraries. Not collective.
std::vector<LibraryBuild> core_library_builds();

}  // namespace jpo
