#include "core/checks.hpp"

#include <array>
#include <stdexcept>

#include <fmt/format.h>

namespace jpo {

void throw_petsc_error(PetscErrorCode code, const char* call, const char* file, int line) {
  const char* text = nullptr;
  PetscErrorMessage(code, &text, nullptr);
  throw std::runtime_error(fmt::format("PETSc error {} ({}) in {} at {}:{}", static_cast<int>(code),
                                       text != nullptr ? text : "no text", call, file, line));
}

void throw_mpi_error(int code, const char* call, const char* file, int line) {
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw std::runtime_error(
      fmt::format("MPI error {} ({}) in {} at {}:{}", code, text.data(), call, file, line));
}

}  // namespace jpo
