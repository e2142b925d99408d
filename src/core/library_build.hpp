#pragma once
#include <string>
#include <vector>

namespace jpo {

/// A library as the program was built with it and as it was found when the program started.
struct LibraryBuild {
  std::string name;
  std::string built_with;  ///< version of its headers
  std::string found;       ///< version that the library reports; empty: it reports none
  std::string path = {};   ///< file that the loader mapped; empty if unknown
};
/// MPI's name and version, as the library says them. Not collective.
std::string mpi_library_name();
/// MPI and PETSc; other folders add theirs. Not collective.
std::vector<LibraryBuild> core_library_builds();

}  // namespace jpo
