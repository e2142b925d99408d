// Tests the Darcy model with a manufactured solution, a Fourier series, properties of its matrix,
// and a solver of PETSc.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>
#include <petscksp.h>

#include "core/checks.hpp"
#include "core/errors.hpp"
#include "core/handle.hpp"
#include "core/random.hpp"
#include "inverse/verification.hpp"
#include "lanes/cosine_expansion.hpp"
#include "lanes/lane_cholesky.hpp"
#include "lanes/lanes.hpp"
#include "models/darcy/operator.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double infinity = std::numeric_limits<double>::infinity();

// u = sin(pi x) sin(2 pi y) exp(x), k = 0.8 sin(3 x + y) + x y: neither symmetric nor separable,
// and k has a normal derivative at the edges. f = -exp(k) (k_x u_x + k_y u_y + u_xx + u_yy).
struct Manufactured {
  static double u(double x, double y) {
    return std::sin(pi * x) * std::sin(2.0 * pi * y) * std::exp(x);
  }
  static double k(double x, double y) { return 0.8 * std::sin(3.0 * x + y) + x * y; }
  static double f(double x, double y) {
    const double along = std::sin(2.0 * pi * y) * std::exp(x);
    const double u_x = (std::sin(pi * x) + pi * std::cos(pi * x)) * along;
    const double u_xx = ((1.0 - pi * pi) * std::sin(pi * x) + 2.0 * pi * std::cos(pi * x)) * along;
    const double u_y = 2.0 * pi * std::sin(pi * x) * std::cos(2.0 * pi * y) * std::exp(x);
    const double u_yy = -4.0 * pi * pi * u(x, y);
    const double k_x = 2.4 * std::cos(3.0 * x + y) + y;
    const double k_y = 0.8 * std::cos(3.0 * x + y) + x;
    return -std::exp(k(x, y)) * (k_x * u_x + k_y * u_y + u_xx + u_yy);
  }
};

// Returns function(x, y) at the cell centres, in all lanes: [cell][lane].
template <class Function>
std::vector<double> at_cells(std::int64_t n, Function&& function) {
  std::vector<double> values;
  const auto centre = [n](std::int64_t i) {
    return (static_cast<double>(i) + 0.5) / static_cast<double>(n);
  };
  for (std::int64_t row = 0; row < n; ++row)
    for (std::int64_t column = 0; column < n; ++column)
      values.insert(values.end(), n_lane, function(centre(column), centre(row)));
  return values;
}

// Returns the five-point matrix as a PETSc matrix, assembled independently of the model. The
// transmissibility is 2 / (exp(-k_p) + exp(-k_q)) of a face, and 2 exp(k_p) of an edge of the
// domain.
Handle<Mat, MatDestroy> petsc_matrix(PetscInt n, const std::vector<double>& k) {
  Handle<Mat, MatDestroy> matrix;
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n * n, n * n, 5, nullptr, matrix.put()));
  PETSC(MatSetOption(matrix.get(), MAT_SPD, PETSC_TRUE));
  const auto log_at = [&](PetscInt p) { return k[static_cast<std::size_t>(p)]; };
  const auto link = [&](PetscInt p, PetscInt q) {
    const double t = 2.0 / (std::exp(-log_at(p)) + std::exp(-log_at(q)));
    const std::array<PetscInt, 2> cells = {p, q};
    const std::array<PetscScalar, 4> values = {t, -t, -t, t};
    PETSC(MatSetValues(matrix.get(), 2, cells.data(), 2, cells.data(), values.data(), ADD_VALUES));
  };
  const auto ground = [&](PetscInt p) {
    PETSC(MatSetValue(matrix.get(), p, p, 2.0 * std::exp(log_at(p)), ADD_VALUES));
  };
  for (PetscInt i = 0; i < n; ++i) {
    for (PetscInt j = 0; j + 1 < n; ++j) {
      link(i * n + j, i * n + j + 1);
      link(j * n + i, (j + 1) * n + i);
    }
    for (const PetscInt p : {i, (n - 1) * n + i, i * n, i * n + n - 1}) ground(p);
  }
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

// Returns A(k)^-1 b on n x n cells. All fields are [cell][lane].
std::vector<double> solution(std::int64_t n, std::vector<double> k, std::vector<double> b) {
  const LaneCholesky cholesky(
      petsc_matrix(static_cast<PetscInt>(n), std::vector<double>(static_cast<std::size_t>(n * n)))
          .get());
  const DarcyOperator a{n};
  EXPECT_EQ(Lanes(a.log_to_resistance(k.data())).a[0], 0.0);
  std::vector<double> factor(static_cast<std::size_t>(cholesky.sweeps().factor_size()));
  std::vector<double> check(n_lane);
  cholesky.sweeps().factor_and_solve(
      [&](std::int64_t row, std::int64_t column) { return a.entry(k.data(), row, column); },
      factor.data(), b.data(), check.data());
  EXPECT_EQ(check, std::vector<double>(n_lane));
  return b;
}

double manufactured_error(std::int64_t n) {
  std::vector<double> b = at_cells(n, Manufactured::f);
  for (double& value : b) value /= static_cast<double>(n * n);
  const std::vector<double> u = solution(n, at_cells(n, Manufactured::k), b);
  const std::vector<double> exact = at_cells(n, Manufactured::u);
  double worst = 0.0;
  for (std::size_t cell = 0; cell < u.size(); ++cell)
    worst = std::max(worst, std::abs(u[cell] - exact[cell]));
  return worst;
}

TEST(Darcy, IsOfSecondOrderForAManufacturedSolution) {
  std::vector<double> errors;
  for (const std::int64_t n_grid : {16, 32, 64, 128}) errors.push_back(manufactured_error(n_grid));
  for (std::size_t k = 1; k < errors.size(); ++k) {
    RecordProperty("order" + std::to_string(k),
                   std::to_string(std::log2(errors[k - 1] / errors[k])));
    EXPECT_NEAR(std::log2(errors[k - 1] / errors[k]), 2.0, 0.1) << errors[k];
  }
  EXPECT_LT(errors.back(), 1e-3);
}

// -Laplace u = 1: u = sum over odd p, q of 16 sin(p pi x) sin(q pi y) / (pi^4 p q (p^2 + q^2)).
double poisson(double x, double y) {
  double sum = 0.0;
  for (int p = 1; p < 400; p += 2)
    for (int q = 1; q < 400; q += 2)
      sum += 16.0 * std::sin(p * pi * x) * std::sin(q * pi * y) /
             (std::pow(pi, 4) * p * q * (p * p + q * q));
  return sum;
}

// The number of cells per side is a multiple of 9, so all sensors are at corners of cells.
TEST(Darcy, MatchesTheFourierSeriesOfAHomogeneousMedium) {
  std::vector<double> errors;
  for (const char* n_grid : {"18", "36", "72"}) {
    const auto model = make_test_model("darcy", {{"n_grid", n_grid}});
    Batch c(1, 0), m(1, 32), y(1, 64);
    std::vector<SolveStatus> status(1);
    m.fill(0.0);
    model->solve(c, m, y, status);
    double worst = 0.0;
    for (int j = 0; j < 8; ++j)
      for (int i = 0; i < 8; ++i)
        worst = std::max(worst, std::abs(y.read().row(0)[static_cast<std::size_t>(8 * j + i)] -
                                         poisson((i + 1) / 9.0, (j + 1) / 9.0)));
    errors.push_back(worst);
  }
  EXPECT_NEAR(std::log2(errors[0] / errors[1]), 2.0, 0.1);
  EXPECT_NEAR(std::log2(errors[1] / errors[2]), 2.0, 0.1);
  EXPECT_LT(errors[2], 1e-4);
}

// Tests the order of the sensors: u is larger where the permeability is smaller.
TEST(Darcy, ChannelsAreRowsOfSensorsInY) {
  const auto model = make_test_model("darcy", {{"n_grid", "16"}});
  Batch c(1, 0), m(1, 32), y(1, 64);
  std::vector<SolveStatus> status(1);
  m.fill(0.0);
  ASSERT_EQ(model->shape().parameters.names[1], "cosine1_0");
  m.write().row(0)[1] = -1.0;  // k increases with x
  model->solve(c, m, y, status);
  const auto u = y.read();
  for (std::size_t j = 0; j < 8; ++j) {
    EXPECT_GT(u.row(0)[8 * j], 1.5 * u.row(0)[8 * j + 7]);       // left against right
    EXPECT_NEAR(u.row(0)[8 * j], u.row(0)[8 * (7 - j)], 1e-12);  // mirrored in y
  }
}

std::vector<double> random_values(std::size_t n, std::uint64_t seed) {
  RandomStream stream(seed);
  std::vector<double> values(n);
  for (double& value : values) value = stream.normal();
  return values;
}

// Compares the entries that the factorization uses with the PETSc matrix of the same k.
TEST(Darcy, MatrixEqualsTheAssembledOne) {
  constexpr PetscInt n = 12;
  const std::vector<double> k = random_values(n * n, 1);
  const auto expected = petsc_matrix(n, k);
  std::vector<double> resistance;
  for (const double value : k) resistance.insert(resistance.end(), n_lane, std::exp(-value));
  for (PetscInt p = 0; p < n * n; ++p) {
    PetscInt n_entry = 0;
    const PetscInt* column = nullptr;
    const PetscScalar* value = nullptr;
    PETSC(MatGetRow(expected.get(), p, &n_entry, &column, &value));
    for (PetscInt e = 0; e < n_entry; ++e)
      EXPECT_NEAR((DarcyOperator{n}.entry(resistance.data(), p, column[e])).d[3], value[e],
                  1e-14 * std::abs(value[e]));
    PETSC(MatRestoreRow(expected.get(), p, &n_entry, &column, &value));
  }
}

// Returns the field of lane 0.
std::vector<double> first_lane(const std::vector<double>& lanes) {
  std::vector<double> values;
  for (std::size_t k = 0; k < lanes.size(); k += n_lane) values.push_back(lanes[k]);
  return values;
}

std::vector<double> expanded(const CosineExpansion& expansion, const std::vector<double>& m) {
  const CosineSums sums = expansion.sums();
  std::vector<double> lanes, k(static_cast<std::size_t>(sums.n_grid * sums.n_grid * n_lane));
  for (const double value : m) lanes.insert(lanes.end(), n_lane, value);
  std::vector<double> scratch(static_cast<std::size_t>(sums.scratch_size()));
  sums.expand(lanes.data(), k.data(), scratch.data());
  return first_lane(k);
}

TEST(Darcy, ExpansionIsOrthogonalWithTheGivenSpectrum) {
  constexpr std::size_t n_mode = 40;
  const CosineExpansion expansion({n_mode, 1.7, 4.0, 0.6}, 24);
  const std::size_t n_cell = 24 * 24;
  std::vector<std::vector<double>> modes;
  for (std::size_t j = 0; j < n_mode; ++j) {
    std::vector<double> m(n_mode, 0.0);
    m[j] = 1.0;
    modes.push_back(expanded(expansion, m));
  }
  // The midpoint rule is exact for these products.
  const auto product = [&](std::size_t a, std::size_t b) {
    double sum = 0.0;
    for (std::size_t cell = 0; cell < n_cell; ++cell) sum += modes[a][cell] * modes[b][cell];
    return sum / static_cast<double>(n_cell);
  };
  double total = 0.0;
  const auto expected = [&](std::size_t j) {
    const auto [p, q] = CosineExpansion::waves(n_mode)[j];
    return std::pow(pi * pi * static_cast<double>(p * p + q * q) + 16.0, -1.7);
  };
  for (std::size_t a = 0; a < n_mode; ++a) {
    total += product(a, a);
    EXPECT_NEAR(product(a, a) / product(0, 0), expected(a) / expected(0), 1e-12);
    for (std::size_t b = 0; b < a; ++b) {
      EXPECT_NEAR(product(a, b), 0.0, 1e-14);
      EXPECT_LE(product(a, a), product(b, b) * (1.0 + 1e-12));  // sorted, the largest first
    }
  }
  EXPECT_NEAR(total, 0.36, 1e-13);
  // The value of mode 0, (p, q) = (0, 1), in the cell with centre x = y = 1/48.
  EXPECT_NEAR(modes[0][0], std::sqrt(2.0 * product(0, 0)) * std::cos(pi / 48.0), 1e-14);
}

// Returns u at the sensors i / 9, j / 9, solved by the Cholesky of PETSc with the source of the
// model. n is a multiple of 9, so u at a sensor is the mean of the four cells around it.
std::vector<double> petsc_observation(PetscInt n, const std::vector<double>& k) {
  const auto matrix = petsc_matrix(n, k);
  Handle<KSP, KSPDestroy> solver;
  Handle<Vec, VecDestroy> b, x;
  PC factors = nullptr;
  PETSC(KSPCreate(PETSC_COMM_SELF, solver.put()));
  PETSC(KSPSetOperators(solver.get(), matrix.get(), matrix.get()));
  PETSC(KSPSetType(solver.get(), KSPPREONLY));
  PETSC(KSPGetPC(solver.get(), &factors));
  PETSC(PCSetType(factors, PCCHOLESKY));
  PETSC(MatCreateVecs(matrix.get(), b.put(), x.put()));
  PETSC(VecSet(b.get(), 1.0 / static_cast<double>(n * n)));
  PETSC(KSPSolve(solver.get(), b.get(), x.get()));
  const PetscScalar* u = nullptr;
  PETSC(VecGetArrayRead(x.get(), &u));
  std::vector<double> y;
  for (PetscInt j = 1; j <= 8; ++j)
    for (PetscInt i = 1; i <= 8; ++i) {
      const PetscInt p = (j * n / 9) * n + i * n / 9;
      y.push_back(0.25 * (u[p] + u[p - 1] + u[p - n] + u[p - n - 1]));
    }
  PETSC(VecRestoreArrayRead(x.get(), &u));
  return y;
}

class DarcyOfDeviation : public testing::TestWithParam<const char*> {};

// With deviation 3, exp(k) spans ten orders of magnitude.
TEST_P(DarcyOfDeviation, AgreesWithPetscsCholesky) {
  constexpr std::int64_t n = 45, n_problem = 18;
  const CosineExpansion expansion({32, 2.0, 3.0, std::stod(GetParam())}, n);
  const auto model = make_test_model("darcy", {{"n_grid", "45"}, {"deviation", GetParam()}});
  Batch c(n_problem, 0), m(n_problem, 32), y(n_problem, 64);
  std::vector<SolveStatus> status(n_problem);
  for (std::int64_t row = 0; row < n_problem; ++row)
    model->sample(static_cast<std::uint64_t>(row), {}, m.write().row(row));
  model->solve(c, m, y, status);
  for (std::int64_t row = 0; row < n_problem; ++row) {
    ASSERT_EQ(status[static_cast<std::size_t>(row)], SolveStatus::converged);
    const auto m_row = m.read().row(row);
    const std::vector<double> expected =
        petsc_observation(n, expanded(expansion, {m_row.begin(), m_row.end()}));
    for (std::size_t s = 0; s < expected.size(); ++s)
      EXPECT_NEAR(y.read().row(row)[s], expected[s], 1e-10 * std::abs(expected[s]));
  }
}
INSTANTIATE_TEST_SUITE_P(Deviations, DarcyOfDeviation, testing::Values("0.3", "1.0", "3.0"));

TEST(Darcy, InvalidInputsDivergeWithoutEffectOnOthers) {
  const auto model = make_test_model("darcy", {{"n_grid", "16"}});
  Batch c(5, 0), m(5, 32), y(5, 64), w(5, 64), g(5, 32);
  std::vector<SolveStatus> status(5);
  for (std::int64_t row = 0; row < 5; ++row)
    model->sample(static_cast<std::uint64_t>(row), {}, m.write().row(row));
  w.fill(1.0);
  model->solve(c, m, y, status);
  model->adjoint(w, g);
  const Batch good_m = m.copy(), good_y = y.copy(), good_g = g.copy();

  const std::vector<double> bad = {std::nan(""), infinity, -infinity, 1e200};
  for (std::int64_t row = 0; row < 4; ++row)
    m.write().row(row)[3] = bad[static_cast<std::size_t>(row)];
  model->solve(c, m, y, status);
  model->adjoint(w, g);
  EXPECT_EQ(std::ranges::count(status, SolveStatus::diverged), 4);
  EXPECT_EQ(status[4], SolveStatus::converged);
  EXPECT_TRUE(std::ranges::equal(y.read().row(4), good_y.read().row(4)));
  EXPECT_TRUE(std::ranges::equal(g.read().row(4), good_g.read().row(4)));
  EXPECT_TRUE(std::ranges::all_of(g.read().row(0), [](double v) { return std::isnan(v); }));

  model->solve(c, good_m, y, status);  // later solves are not affected
  EXPECT_EQ(std::ranges::count(status, SolveStatus::converged), 5);
  EXPECT_TRUE(std::ranges::equal(y.read().values(), good_y.read().values()));
}

TEST(Darcy, TooLargeContrastsAreNotConverged) {
  const auto model = make_test_model("darcy", {{"n_grid", "16"}});
  Batch c(6, 0), m(6, 32), y(6, 64);
  std::vector<SolveStatus> status(6);
  for (std::int64_t row = 0; row < 6; ++row)
    std::ranges::fill(m.write().row(row), 5.0 * std::pow(2.5, static_cast<double>(row)));
  model->solve(c, m, y, status);
  for (std::int64_t row = 0; row < 6; ++row) {
    const bool finite =
        std::ranges::all_of(y.read().row(row), [](double value) { return std::isfinite(value); });
    EXPECT_TRUE(finite || status[static_cast<std::size_t>(row)] != SolveStatus::converged);
  }
  EXPECT_NE(status[5], SolveStatus::converged);
}

TEST(Darcy, RefusesMoreModesThanTheGridResolves) {
  EXPECT_THROW(make_test_model("darcy", {{"n_grid", "8"}, {"n_mode", "100"}}), BadInput);
  EXPECT_NO_THROW(make_test_model("darcy", {{"n_grid", "16"}, {"n_mode", "100"}}));
}

// The prediction extrapolates from smaller grids. The expected sizes of the factors were counted
// once: 7,882,837 numbers for 512 cells per side, 35,911,023 for 1024. A solve also stores exp(-k)
// and u.
TEST(Darcy, PredictsTheMemoryOfALargeGrid) {
  const auto bytes = [](const char* n_grid) {
    return make_test_model("darcy", {{"n_grid", n_grid}})->shape().state_bytes;
  };
  EXPECT_NEAR(bytes("512") / (8.0 * (7882837.0 + 2.0 * 512 * 512)), 1.0, 0.01);
  EXPECT_NEAR(bytes("1024") / (8.0 * (35911023.0 + 2.0 * 1024 * 1024)), 1.0, 0.01);
}

}  // namespace
}  // namespace jpo
