#include "core/session.hpp"

#include <array>
#include <fstream>

#include <fmt/format.h>
#include <petscsys.h>

#include "core/checks.hpp"
#include "core/revision.hpp"

namespace jpo {

Session::Session(int* argc, char*** argv) {
  int provided = 0;
  MPI_OK(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided));
  // PETSc takes no options from the command line: they come from the deck's [petsc] table.
  PETSC(PetscInitializeNoArguments());
  PETSC(PetscPushErrorHandler(PetscReturnErrorHandler, nullptr));
  MPI_OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  MPI_OK(MPI_Comm_rank(MPI_COMM_WORLD, &rank_));
  MPI_OK(MPI_Comm_size(MPI_COMM_WORLD, &n_rank_));
}

Session::~Session() {
  PetscPopErrorHandler();
  PetscFinalize();
  MPI_Finalize();
}

std::vector<LibraryVersion> core_versions() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> mpi{};
  int length = 0;
  MPI_OK(MPI_Get_library_version(mpi.data(), &length));
  std::string mpi_name(mpi.data());
  mpi_name.resize(std::min(mpi_name.find(','), mpi_name.size()));
  return {{"mpi", mpi_name},
          {"petsc", fmt::format("{}.{}.{}", PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR,
                                PETSC_VERSION_SUBMINOR)},
          {"compiler", JPO_COMPILER},
          {"compiler_flags", JPO_COMPILER_FLAGS}};
}

std::string processor_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string jpo_version() {
  return JPO_VERSION;
}
std::string git_revision() {
  return JPO_GIT_REVISION;
}

}  // namespace jpo
