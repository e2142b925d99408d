#pragma once
#include <cmath>

#include <petscmat.h>

#include "core/checks.hpp"
#include "core/handle.hpp"

namespace jpo {

using MatHandle = Handle<Mat, MatDestroy>;

// Returns a five-point operator with varying coefficients on an n x n grid, periodic in one
// direction, plus `shift` on the diagonal. With `long_links`, a few distant cells are coupled too.
// The matrix is positive definite if shift > 0.
inline MatHandle make_matrix(PetscInt n, double shift, bool long_links = true) {
  MatHandle matrix;
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n * n, n * n, 12, nullptr, matrix.put()));
  const auto link = [&](PetscInt a, PetscInt b) {
    const double strength = 1.0 + 0.5 * std::sin(static_cast<double>(a + b));
    const PetscInt rows[] = {a, b};
    const PetscScalar values[] = {strength, -strength, -strength, strength};
    PETSC(MatSetValues(matrix.get(), 2, rows, 2, rows, values, ADD_VALUES));
  };
  for (PetscInt j = 0; j < n; ++j) {
    for (PetscInt i = 0; i < n; ++i) {
      const PetscInt row = j * n + i;
      link(row, j * n + (i + 1) % n);
      if (j + 1 < n) link(row, row + n);
      if (long_links && row % 17 == 3) link(row, (row * 7 + 5) % (n * n));
      PETSC(MatSetValue(matrix.get(), row, row, shift, ADD_VALUES));
    }
  }
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

}  // namespace jpo
