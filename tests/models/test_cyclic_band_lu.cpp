#include <cmath>

#include <gtest/gtest.h>
#include <petscksp.h>

#include "core/checks.hpp"
#include "core/handle.hpp"
#include "models/cyclic_band_lu.hpp"

namespace jpo {
namespace {

using MatHandle = Handle<Mat, MatDestroy>;
using VecHandle = Handle<Vec, VecDestroy>;
using KspHandle = Handle<KSP, KSPDestroy>;

MatHandle make_matrix(PetscInt n, double diagonal, double corner = 0.0) {
  MatHandle matrix;
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, 7, nullptr, matrix.put()));
  for (PetscInt i = 0; i < n; ++i) {
    const PetscInt columns[] = {(i + n - 2) % n, (i + n - 1) % n, i, (i + 1) % n, (i + 2) % n};
    const PetscScalar values[] = {6.9, -27.4, diagonal, -27.4, 6.9};
    PETSC(MatSetValues(matrix.get(), 1, &i, 5, columns, values, INSERT_VALUES));
  }
  if (corner != 0.0) PETSC(MatSetValue(matrix.get(), 0, n / 2, corner, INSERT_VALUES));
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

class CyclicBandLuOfSize : public testing::TestWithParam<int> {};

// The same systems solved by PETSc's LU.
TEST_P(CyclicBandLuOfSize, AgreesWithPetsc) {
  const PetscInt n = GetParam();
  const MatHandle matrix = make_matrix(n, 43.0);
  const CyclicBandLu lu(matrix.get());
  std::vector<double> right(static_cast<std::size_t>(n * n_lane)), x(right.size());
  for (std::size_t k = 0; k < right.size(); ++k) right[k] = std::sin(1.7 * static_cast<double>(k));
  lu.solve([&](std::int64_t i) { return load(right.data() + i * n_lane); }, x.data());

  KspHandle solver;
  PC factors = nullptr;
  PETSC(KSPCreate(PETSC_COMM_SELF, solver.put()));
  PETSC(KSPSetOperators(solver.get(), matrix.get(), matrix.get()));
  PETSC(KSPSetType(solver.get(), KSPPREONLY));
  PETSC(KSPGetPC(solver.get(), &factors));
  PETSC(PCSetType(factors, PCLU));
  VecHandle b, u;
  PETSC(MatCreateVecs(matrix.get(), b.put(), u.put()));
  for (std::int64_t lane = 0; lane < n_lane; ++lane) {
    for (PetscInt i = 0; i < n; ++i)
      PETSC(VecSetValue(b.get(), i, right[static_cast<std::size_t>(i * n_lane + lane)],
                        INSERT_VALUES));
    PETSC(KSPSolve(solver.get(), b.get(), u.get()));
    const PetscScalar* values = nullptr;
    PETSC(VecGetArrayRead(u.get(), &values));
    for (PetscInt i = 0; i < n; ++i)
      EXPECT_NEAR(x[static_cast<std::size_t>(i * n_lane + lane)], values[i], 1e-12);
    PETSC(VecRestoreArrayRead(u.get(), &values));
  }
}
INSTANTIATE_TEST_SUITE_P(Sizes, CyclicBandLuOfSize, testing::Values(8, 9, 16, 64, 128, 256));

TEST(CyclicBandLu, RefusesWhatItCannotFactor) {
  EXPECT_THROW(CyclicBandLu(make_matrix(16, 43.0, 1.0).get()), std::invalid_argument);
  EXPECT_THROW(CyclicBandLu(make_matrix(6, 43.0).get()), std::invalid_argument);
  EXPECT_THROW(CyclicBandLu(make_matrix(16, 0.0).get()), std::invalid_argument);
}

}  // namespace
}  // namespace jpo
