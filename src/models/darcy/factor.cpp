#include "models/darcy/factor.hpp"

#include <array>
#include <cmath>

#include <petscmat.h>

#include "core/checks.hpp"
#include "core/petsc_handles.hpp"

namespace jpo::darcy {
namespace {

// Returns a matrix with the nonzero pattern of A(k), which is the same for every k.
MatHandle five_points(std::int64_t n_grid) {
  MatHandle matrix;
  const auto n = static_cast<PetscInt>(n_grid);
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n * n, n * n, 5, nullptr, matrix.put()));
  for (PetscInt row = 0; row < n; ++row) {
    for (PetscInt column = 0; column < n; ++column) {
      const PetscInt p = row * n + column;
      // -1: beyond the edge. PETSc ignores such entries.
      const std::array<PetscInt, 5> cells = {row > 0 ? p - n : -1, column > 0 ? p - 1 : -1, p,
                                             column + 1 < n ? p + 1 : -1, row + 1 < n ? p + n : -1};
      constexpr std::array<PetscScalar, 5> values = {1.0, 1.0, 1.0, 1.0, 1.0};
      PETSC(MatSetValues(matrix.get(), 1, &p, 5, cells.data(), values.data(), INSERT_VALUES));
    }
  }
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

double values_per_cell(std::int64_t n_grid) {
  const LaneCholesky factor(five_points(n_grid).get());
  return static_cast<double>(factor.n_value()) / static_cast<double>(n_grid * n_grid);
}

}  // namespace

std::unique_ptr<LaneCholesky> make_factor(std::int64_t n_grid, MemorySpace space) {
  return std::make_unique<LaneCholesky>(five_points(n_grid).get(), space);
}

// Extrapolates from two smaller grids. The fill of nested dissection per cell grows as log n
// (George 1973, doi 10.1137/0710032).
double estimated_values_per_cell(std::int64_t n_grid) {
  const double measured = values_per_cell(kLargestAnalysed);
  const double growth = measured - values_per_cell(kLargestAnalysed / 2);
  return measured +
         growth * std::log2(static_cast<double>(n_grid) / static_cast<double>(kLargestAnalysed));
}

}  // namespace jpo::darcy
