#include <array>
#include <cmath>

#include <gtest/gtest.h>
#include <petscksp.h>

#include "core/checks.hpp"
#include "core/handle.hpp"
#include "lanes/cyclic_band_lu.hpp"

namespace jpo {
namespace {

using MatHandle = Handle<Mat, MatDestroy>;
using VecHandle = Handle<Vec, VecDestroy>;
using KspHandle = Handle<KSP, KSPDestroy>;

// Returns a matrix of half-bandwidth w, with entries like those of the step operator of second
// order (w = 2) or fourth order (w = 3).
template <int w>
MatHandle make_matrix(PetscInt n, double diagonal, double corner = 0.0) {
  constexpr std::array<PetscScalar, 3> narrow = {-27.4, 6.9, 0.0};
  constexpr std::array<PetscScalar, 3> wide = {-11.9, 3.7, -0.3};
  const auto& beside = w == 2 ? narrow : wide;
  MatHandle matrix;
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, 2 * w + 2, nullptr, matrix.put()));
  for (PetscInt i = 0; i < n; ++i) {
    PETSC(MatSetValue(matrix.get(), i, i, diagonal, INSERT_VALUES));
    for (PetscInt d = 1; d <= w; ++d) {
      const PetscScalar value = beside[static_cast<std::size_t>(d - 1)];
      PETSC(MatSetValue(matrix.get(), i, (i + d) % n, value, INSERT_VALUES));
      PETSC(MatSetValue(matrix.get(), i, (i - d + n) % n, value, INSERT_VALUES));
    }
  }
  if (corner != 0.0) PETSC(MatSetValue(matrix.get(), 0, n / 2, corner, INSERT_VALUES));
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

class CyclicBandLuOfSize : public testing::TestWithParam<int> {};

// Solves the same systems by the LU of PETSc and compares.
template <int w>
void expect_agreement_with_petsc(PetscInt n, double diagonal) {
  const MatHandle matrix = make_matrix<w>(n, diagonal);
  const CyclicBandLu<w> lu(matrix.get());
  std::vector<double> right(static_cast<std::size_t>(n * n_lane)), x(right.size());
  for (std::size_t k = 0; k < right.size(); ++k) right[k] = std::sin(1.7 * static_cast<double>(k));
  lu.sweeps().solve([&](std::int64_t i) { return load(right.data() + i * n_lane); }, x.data());

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
TEST_P(CyclicBandLuOfSize, AgreesWithPetscAtHalfBandwidth2) {
  expect_agreement_with_petsc<2>(GetParam(), 43.0);
}
TEST_P(CyclicBandLuOfSize, AgreesWithPetscAtHalfBandwidth3) {
  if (GetParam() >= 12) expect_agreement_with_petsc<3>(GetParam(), 18.1);
}
INSTANTIATE_TEST_SUITE_P(Sizes, CyclicBandLuOfSize,
                         testing::Values(8, 9, 12, 13, 16, 64, 128, 256));

// The last argument of solve computes the stored value from the solution.
TEST(CyclicBandLu, StoresTheValueOfTheCallback) {
  constexpr std::int64_t n = 64;
  const CyclicBandLu<3> lu(make_matrix<3>(n, 18.1).get());
  std::vector<double> right(static_cast<std::size_t>(n * n_lane), 1.0), x(right.size()), z(x);
  const auto row = [&](std::int64_t i) {
    return static_cast<double>(i) * load(right.data() + i * n_lane);
  };
  lu.sweeps().solve(row, z.data());
  lu.sweeps().solve(row, x.data(),
                    [&](std::int64_t i, const Lanes& value) { return value - row(i); });
  for (std::size_t k = 0; k < x.size(); ++k)
    EXPECT_EQ(x[k], z[k] - static_cast<double>(k / static_cast<std::size_t>(n_lane)));
}

TEST(CyclicBandLu, RefusesOtherMatrices) {
  EXPECT_THROW(CyclicBandLu<2>(make_matrix<2>(16, 43.0, 1.0).get()), std::invalid_argument);
  EXPECT_THROW(CyclicBandLu<2>(make_matrix<2>(6, 43.0).get()), std::invalid_argument);
  EXPECT_THROW(CyclicBandLu<2>(make_matrix<2>(16, 0.0).get()), std::invalid_argument);
  EXPECT_THROW(CyclicBandLu<2>(make_matrix<3>(16, 18.1).get()), std::invalid_argument);
}

// Work and memory must be linear in n: dense factors of this size would exceed the time limit.
TEST(CyclicBandLu, FactorsALargeMatrix) {
  constexpr std::int64_t n = 16384;
  const CyclicBandLu<3> lu(make_matrix<3>(n, 18.1).get());
  std::vector<double> x(static_cast<std::size_t>(n * n_lane));
  lu.sweeps().solve([](std::int64_t /*i*/) { return lanes_of(1.0); }, x.data());
  const double row_sum = 18.1 + 2.0 * (-11.9 + 3.7 - 0.3);
  for (const double value : x) EXPECT_NEAR(value, 1.0 / row_sum, 1e-10);
}

}  // namespace
}  // namespace jpo
