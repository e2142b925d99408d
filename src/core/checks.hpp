#pragma once
// Checks of return codes. Every call of MPI or PETSc is wrapped in MPI_OK or PETSC.

#include <mpi.h>
#include <petscsys.h>

#if defined(PETSC_USE_COMPLEX) || !defined(PETSC_USE_REAL_DOUBLE)
#error "jpo needs a real double PETSc: install petsc-dev, or point PKG_CONFIG_PATH at such a build."
#endif

namespace jpo {

/// Throws std::runtime_error with PETSc's text for `code`, the call, its file and line.
[[noreturn]] void throw_petsc_error(PetscErrorCode code, const char* call, const char* file,
                                    int line);
/// Throws std::runtime_error with MPI's text for `code`, the call, its file and line.
[[noreturn]] void throw_mpi_error(int code, const char* call, const char* file, int line);

}  // namespace jpo

// Evaluates a PETSc call; throws if it fails.
#define PETSC(call)                                                                        \
  do {                                                                                     \
    const auto jpo_petsc_code = (call);                                                    \
    if (jpo_petsc_code != 0)                                                               \
      jpo::throw_petsc_error(static_cast<PetscErrorCode>(jpo_petsc_code), #call, __FILE__, \
                             __LINE__);                                                    \
  } while (false)

// Evaluates an MPI call; throws if it fails.
#define MPI_OK(call)                                                 \
  do {                                                               \
    const int jpo_mpi_code = (call);                                 \
    if (jpo_mpi_code != MPI_SUCCESS)                                 \
      jpo::throw_mpi_error(jpo_mpi_code, #call, __FILE__, __LINE__); \
  } while (false)
