#include <cmath>

#include <gtest/gtest.h>
#include <petscksp.h>

#include "core/checks.hpp"
#include "core/handle.hpp"
#include "models/sparse_cholesky.hpp"

namespace jpo {
namespace {

using MatHandle = Handle<Mat, MatDestroy>;
using VecHandle = Handle<Vec, VecDestroy>;
using KspHandle = Handle<KSP, KSPDestroy>;

// A five-point operator with coefficients that vary on an n x n grid, periodic in one direction,
// and a few long links if wanted: positive definite, irregular.
MatHandle make_matrix(PetscInt n, double shift, bool long_links = true) {
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

class SparseCholeskyOfSize : public testing::TestWithParam<int> {};

// The same systems solved by PETSc's LU.
TEST_P(SparseCholeskyOfSize, AgreesWithPetsc) {
  const PetscInt n = GetParam() * GetParam();
  const MatHandle matrix = make_matrix(GetParam(), 0.01);
  const SparseCholesky factor(matrix.get());
  ASSERT_EQ(factor.size(), n);
  std::vector<double> right(static_cast<std::size_t>(n * n_lane)), x(right.size());
  for (std::size_t k = 0; k < right.size(); ++k) right[k] = std::sin(1.7 * static_cast<double>(k));
  factor.sweeps().solve(
      [&](std::int64_t k) { return load(right.data() + factor.row_of(k) * n_lane); }, x.data());

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
    for (std::int64_t k = 0; k < n; ++k)
      EXPECT_NEAR(x[static_cast<std::size_t>(k * n_lane + lane)], values[factor.row_of(k)], 1e-11);
    PETSC(VecRestoreArrayRead(u.get(), &values));
  }
}
INSTANTIATE_TEST_SUITE_P(Sizes, SparseCholeskyOfSize, testing::Values(3, 4, 8, 13, 24));

TEST(SparseCholesky, RefusesWhatItCannotFactor) {
  EXPECT_THROW(SparseCholesky(make_matrix(8, 0.0).get()), std::invalid_argument);   // singular
  EXPECT_THROW(SparseCholesky(make_matrix(8, -1.0).get()), std::invalid_argument);  // indefinite
  const MatHandle skew = make_matrix(8, 0.01);
  PETSC(MatSetValue(skew.get(), 0, 1, 0.5, ADD_VALUES));
  PETSC(MatAssemblyBegin(skew.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(skew.get(), MAT_FINAL_ASSEMBLY));
  EXPECT_THROW(SparseCholesky(skew.get()), std::invalid_argument);
}

// Nested dissection is what makes the factor small: in natural order the rows of the grid fill a
// band 32 wide.
TEST(SparseCholesky, KeepsTheFactorSparse) {
  const SparseCholesky natural(make_matrix(32, 0.01, false).get(), MATORDERINGNATURAL);
  const SparseCholesky nested(make_matrix(32, 0.01, false).get());
  EXPECT_LT(nested.n_nonzero(), natural.n_nonzero() / 2);
}

}  // namespace
}  // namespace jpo
