#include "core/session/library_build.hpp"

#include <algorithm>
#include <array>
#include <dlfcn.h>

#include <fmt/format.h>

#include "core/checks.hpp"

namespace jpo {
namespace {

// Returns the path of the shared library that contains `function`; empty if it cannot be found.
template <typename Function>
std::string path_of_library(Function* function) {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(function), &info) == 0 || info.dli_fname == nullptr)
    return {};
  return info.dli_fname;
}

// The headers and the loaded library must belong to one MPI. The name from the headers is part of
// the library's own version text.
LibraryBuild mpi_build() {
  const std::string found = mpi_library_name();
#if defined(OMPI_MAJOR_VERSION)
  const std::string built = fmt::format("Open MPI v{}.{}.{}", OMPI_MAJOR_VERSION,
                                        OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION);
#elif defined(MPICH_VERSION)
  const std::string built = fmt::format("MPICH Version: {}", MPICH_VERSION);
#else
  const std::string built = found;
#endif
  return {"mpi", built, found, path_of_library(&MPI_Init)};
}

LibraryBuild petsc_build() {
  PetscInt major = 0;
  PetscInt minor = 0;
  PetscInt subminor = 0;
  PETSC(PetscGetVersionNumber(&major, &minor, &subminor, nullptr));
  return {"petsc",
          fmt::format("{}.{}.{}", PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR, PETSC_VERSION_SUBMINOR),
          fmt::format("{}.{}.{}", major, minor, subminor), path_of_library(&PetscGetVersionNumber)};
}

}  // namespace

std::string mpi_library_name() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_OK(MPI_Get_library_version(text.data(), &length));
  std::string name(text.data());
  name.resize(std::min(name.find(','), name.size()));
  return name;
}

std::vector<LibraryBuild> core_library_builds() {
  return {mpi_build(), petsc_build()};
}

}  // namespace jpo
