// Tests the simultaneous factorization of sixteen matrices with one pattern by comparison with
// PETSc.

#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <petscksp.h>

#include "core/checks.hpp"
#include "core/handle.hpp"
#include "lanes/lane_cholesky.hpp"
#include "tests/models/irregular_matrix.hpp"

namespace jpo {
namespace {

using VecHandle = Handle<Vec, VecDestroy>;
using KspHandle = Handle<KSP, KSPDestroy>;

// Returns the shift on the diagonal of the matrix of a lane.
double shift(std::int64_t lane) {
  return 0.01 * std::pow(1.8, static_cast<double>(lane));
}

// Returns the entries of all matrices as lanes, as a kernel does.
struct Matrices {
  explicit Matrices(PetscInt n) {
    for (std::int64_t lane = 0; lane < n_lane; ++lane) all.push_back(make_matrix(n, shift(lane)));
  }
  Lanes operator()(std::int64_t row, std::int64_t column) const {
    const auto i = static_cast<PetscInt>(row), j = static_cast<PetscInt>(column);
    std::array<double, n_lane> values{};
    for (std::size_t lane = 0; lane < values.size(); ++lane)
      PETSC(MatGetValue(all[lane].get(), i, j, &values[lane]));
    return load(values.data());
  }
  std::vector<MatHandle> all;
};

std::vector<double> petsc_solution(Mat matrix, const std::vector<double>& right,
                                   std::int64_t lane) {
  KspHandle solver;
  PC factors = nullptr;
  PETSC(KSPCreate(PETSC_COMM_SELF, solver.put()));
  PETSC(KSPSetOperators(solver.get(), matrix, matrix));
  PETSC(KSPSetType(solver.get(), KSPPREONLY));
  PETSC(KSPGetPC(solver.get(), &factors));
  PETSC(PCSetType(factors, PCLU));
  VecHandle b, x;
  PETSC(MatCreateVecs(matrix, b.put(), x.put()));
  const auto n = static_cast<PetscInt>(std::ssize(right) / n_lane);
  for (PetscInt i = 0; i < n; ++i)
    PETSC(
        VecSetValue(b.get(), i, right[static_cast<std::size_t>(i * n_lane + lane)], INSERT_VALUES));
  PETSC(KSPSolve(solver.get(), b.get(), x.get()));
  const PetscScalar* values = nullptr;
  PETSC(VecGetArrayRead(x.get(), &values));
  std::vector<double> result(values, values + n);
  PETSC(VecRestoreArrayRead(x.get(), &values));
  return result;
}

class LaneCholeskyOfSize : public testing::TestWithParam<int> {};

TEST_P(LaneCholeskyOfSize, AgreesWithPetscInEveryLane) {
  const Matrices matrices(GetParam());
  const LaneCholesky cholesky(matrices.all[0].get());
  const LaneCholeskySweeps sweeps = cholesky.sweeps();
  ASSERT_EQ(sweeps.size(), GetParam() * GetParam());
  std::vector<double> right(static_cast<std::size_t>(sweeps.size() * n_lane));
  for (std::size_t k = 0; k < right.size(); ++k) right[k] = std::sin(1.7 * static_cast<double>(k));
  std::vector<double> factor(static_cast<std::size_t>(sweeps.factor_size())), x = right;
  std::array<double, n_lane> check{};
  sweeps.factor_and_solve(matrices, factor.data(), x.data(), check.data());
  for (std::int64_t lane = 0; lane < n_lane; ++lane) {
    EXPECT_EQ(check[static_cast<std::size_t>(lane)], 0.0);
    const std::vector<double> expected =
        petsc_solution(matrices.all[static_cast<std::size_t>(lane)].get(), right, lane);
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(x[i * n_lane + static_cast<std::size_t>(lane)], expected[i], 1e-11);
  }
  std::vector<double> again = right;
  sweeps.solve(factor.data(), again.data());
  EXPECT_EQ(again, x);
}
INSTANTIATE_TEST_SUITE_P(Sizes, LaneCholeskyOfSize, testing::Values(2, 3, 8, 13, 24));

// Lanes 1 to 4 are singular, indefinite, infinite and NaN. Other lanes are unaffected.
TEST(LaneCholesky, FindsPivotsThatAreNotPositiveInEachLane) {
  constexpr PetscInt n = 12;
  const Matrices good(n);
  const std::array<double, n_lane> bad = {0.0, 0.0, -1.0, std::numeric_limits<double>::infinity(),
                                          std::nan("")};  // on the diagonal of lanes 1 to 4
  const auto matrix = [&](std::int64_t row, std::int64_t column) {
    std::array<double, n_lane> values{};
    store(values.data(), good(row, column));
    if (row == column && row == 77)
      for (std::size_t lane = 1; lane <= 4; ++lane) values[lane] = bad[lane];
    return load(values.data());
  };
  const LaneCholesky cholesky(good.all[0].get());
  const LaneCholeskySweeps sweeps = cholesky.sweeps();
  std::array<double, n_lane> check{}, good_check{};
  std::vector<double> factor(static_cast<std::size_t>(sweeps.factor_size()));
  std::vector<double> x(static_cast<std::size_t>(sweeps.size() * n_lane), 1.0), good_x = x;
  sweeps.factor_and_solve(good, factor.data(), good_x.data(), good_check.data());
  sweeps.factor_and_solve(matrix, factor.data(), x.data(), check.data());
  for (std::size_t lane = 0; lane < n_lane; ++lane) {
    const bool is_bad = lane >= 1 && lane <= 4;
    EXPECT_EQ(std::isnan(check[lane]), is_bad) << lane;
    EXPECT_EQ(good_check[lane], 0.0);
    for (std::size_t i = 0; i < n * n && !is_bad; ++i)
      EXPECT_EQ(x[i * n_lane + lane], good_x[i * n_lane + lane]);
  }
}

}  // namespace
}  // namespace jpo
