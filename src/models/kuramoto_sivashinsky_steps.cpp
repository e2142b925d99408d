#include "models/kuramoto_sivashinsky_steps.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include <petscmat.h>

#include "core/checks.hpp"
#include "core/handle.hpp"

namespace jpo::kuramoto_sivashinsky {
namespace {

using MatHandle = Handle<Mat, MatDestroy>;

// mass + dt (D2 + D4) on the periodic grid, assembled in PETSc.
MatHandle step_operator(const Grid& grid, double mass) {
  MatHandle matrix;
  const auto n = static_cast<PetscInt>(grid.n);
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, 5, nullptr, matrix.put()));
  const double d2 = 1.0 / (grid.dx() * grid.dx());
  const double d4 = d2 * d2;
  const double near = grid.dt * (d2 - 4.0 * d4);
  const double far = grid.dt * d4;
  const std::array<PetscScalar, 5> row = {far, near, mass + grid.dt * (-2.0 * d2 + 6.0 * d4), near,
                                          far};
  for (PetscInt i = 0; i < n; ++i) {
    std::array<PetscInt, 5> columns{};
    for (PetscInt k = 0; k < 5; ++k) columns[static_cast<std::size_t>(k)] = (i + k - 2 + n) % n;
    PETSC(MatSetValues(matrix.get(), 1, &i, 5, columns.data(), row.data(), INSERT_VALUES));
  }
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

}  // namespace

Steps::Steps(const Grid& grid)
    : grid_(grid),
      start_(step_operator(grid, 1.0).get()),
      step_(step_operator(grid, 1.5).get()),
      flux_(0.25 / grid.dx()) {
  for (std::int64_t i = 0; i < grid.n; ++i)
    forcing_.push_back(
        std::cos(4.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(grid.n)));
  for (LaneBuffer* buffer : {&old_, &new_, &spare_}) buffer->reserve(block_size());
}

}  // namespace jpo::kuramoto_sivashinsky
