#include <cmath>

#include <gtest/gtest.h>
#include <petscksp.h>

#include "core/checks.hpp"
#include "core/handle.hpp"
#include "lanes/sparse_cholesky.hpp"
#include "tests/models/irregular_matrix.hpp"

namespace jpo {
namespace {

using VecHandle = Handle<Vec, VecDestroy>;
using KspHandle = Handle<KSP, KSPDestroy>;

class SparseCholeskyOfSize : public testing::TestWithParam<int> {};

// Solves the same systems by the LU of PETSc and compares.
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

TEST(SparseCholesky, RefusesOtherMatrices) {
  EXPECT_THROW(SparseCholesky(make_matrix(8, 0.0).get()), std::invalid_argument);   // singular
  EXPECT_THROW(SparseCholesky(make_matrix(8, -1.0).get()), std::invalid_argument);  // indefinite
  const MatHandle skew = make_matrix(8, 0.01);
  PETSC(MatSetValue(skew.get(), 0, 1, 0.5, ADD_VALUES));
  PETSC(MatAssemblyBegin(skew.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(skew.get(), MAT_FINAL_ASSEMBLY));
  EXPECT_THROW(SparseCholesky(skew.get()), std::invalid_argument);
}

// Nested dissection makes the factor small. In natural order, the factor fills a band of width 32.
TEST(SparseCholesky, KeepsTheFactorSparse) {
  const SparseCholesky natural(make_matrix(32, 0.01, false).get(), MATORDERINGNATURAL);
  const SparseCholesky nested(make_matrix(32, 0.01, false).get());
  EXPECT_LT(nested.n_nonzero(), natural.n_nonzero() / 2);
}

}  // namespace
}  // namespace jpo
