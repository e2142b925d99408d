// The Darcy model against a manufactured solution, Fourier series, and the properties of its
// matrix; other solvers against its own.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

#include "core/checks.hpp"
#include "core/errors.hpp"
#include "core/random.hpp"
#include "inverse/verification.hpp"
#include "models/cosine_expansion.hpp"
#include "models/darcy_operator.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double infinity = std::numeric_limits<double>::infinity();

// u = sin(pi x) sin(2 pi y) exp(x), k = 0.8 sin(3 x + y) + x y: neither symmetric nor separable,
// and k does not flatten at the edges. f = -exp(k) (k_x u_x + k_y u_y + u_xx + u_yy).
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

// function(x, y) at the cell centres.
template <class Function>
std::vector<double> at_cells(const DarcyOperator& a, Function&& function) {
  std::vector<double> values(a.n_cell());
  a.integrate(function, values);
  for (double& value : values) value /= a.cell_width() * a.cell_width();
  return values;
}

double manufactured_error(PetscInt n_grid) {
  DarcyOperator a(n_grid);
  EXPECT_TRUE(a.set_log_coefficient(at_cells(a, Manufactured::k)));
  std::vector<double> b(a.n_cell()), u(a.n_cell());
  a.integrate(Manufactured::f, b);
  a.solve(b, u);
  const std::vector<double> exact = at_cells(a, Manufactured::u);
  double worst = 0.0;
  for (std::size_t cell = 0; cell < u.size(); ++cell)
    worst = std::max(worst, std::abs(u[cell] - exact[cell]));
  return worst;
}

TEST(Darcy, IsOfSecondOrderForAManufacturedSolution) {
  std::vector<double> errors;
  for (const PetscInt n_grid : {16, 32, 64, 128}) errors.push_back(manufactured_error(n_grid));
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

// Grids of a multiple of 9 cells: all sensors stand at corners of cells, on each grid.
TEST(Darcy, SeesTheFourierSeriesOfAHomogeneousMediumAtItsSensors) {
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

// Where a sensor stands and what it is called: u is larger where the medium is tighter.
TEST(Darcy, SensorsLieChannelByChannelInY) {
  const auto model = make_test_model("darcy", {{"n_grid", "16"}});
  Batch c(1, 0), m(1, 32), y(1, 64);
  std::vector<SolveStatus> status(1);
  m.fill(0.0);
  ASSERT_EQ(model->shape().parameters.names[1], "cosine1_0");
  m.write().row(0)[1] = -1.0;  // k rises with x: tight at the left
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

// x . A x is the power lost at the faces, written here anew: positive for any x but 0.
TEST(Darcy, MatrixIsSymmetricAndItsEnergyIsThatOfTheFaces) {
  constexpr PetscInt n = 12;
  DarcyOperator a(n);
  const std::vector<double> k = random_values(n * n, 1);
  const std::vector<double> x = random_values(n * n, 2);
  ASSERT_TRUE(a.set_log_coefficient(k));
  PetscBool symmetric = PETSC_FALSE;
  Handle<Mat, MatDestroy> transposed;
  PETSC(MatTranspose(a.matrix(), MAT_INITIAL_MATRIX, transposed.put()));
  PETSC(MatEqual(a.matrix(), transposed.get(), &symmetric));
  EXPECT_TRUE(symmetric == PETSC_TRUE);

  // A field with a frame of zeros around it; half a cell to the edge, so twice the conductance.
  const auto value = [&](const std::vector<double>& of, PetscInt i, PetscInt j) {
    const bool inside = i >= 0 && j >= 0 && i < n && j < n;
    return inside ? of[static_cast<std::size_t>(j * n + i)] : infinity;
  };
  double energy = 0.0;
  const auto add_face = [&](PetscInt i, PetscInt j, PetscInt i2, PetscInt j2) {
    const double ka = value(k, i, j), kb = value(k, i2, j2);
    const double xa = std::isinf(ka) ? 0.0 : value(x, i, j);
    const double xb = std::isinf(kb) ? 0.0 : value(x, i2, j2);
    energy += 2.0 / (std::exp(-ka) + std::exp(-kb)) * (xa - xb) * (xa - xb);
  };
  for (PetscInt j = 0; j < n; ++j)
    for (PetscInt i = -1; i < n; ++i) {
      add_face(i, j, i + 1, j);
      add_face(j, i, j, i + 1);
    }

  Handle<Vec, VecDestroy> in, out;
  PETSC(MatCreateVecs(a.matrix(), in.put(), out.put()));
  double* values = nullptr;
  PETSC(VecGetArray(in.get(), &values));
  std::ranges::copy(x, values);
  PETSC(VecRestoreArray(in.get(), &values));
  PETSC(MatMult(a.matrix(), in.get(), out.get()));
  double product = 0.0;
  PETSC(VecDot(in.get(), out.get(), &product));
  EXPECT_GT(energy, 0.0);
  EXPECT_NEAR(product, energy, 1e-12 * energy);
}

TEST(Darcy, ExpansionIsOrthogonalWithTheSpectrumItNames) {
  constexpr std::size_t n_mode = 40;
  const CosineExpansion expansion({n_mode, 1.7, 4.0, 0.6}, 24);
  const auto n_cell = static_cast<std::size_t>(expansion.n_cell());
  std::vector<std::vector<double>> modes(n_mode, std::vector<double>(n_cell));
  for (std::size_t j = 0; j < n_mode; ++j) {
    std::vector<double> m(n_mode, 0.0);
    m[j] = 1.0;
    expansion.expand(m, modes[j]);
  }
  // The midpoint rule is exact for these products.
  const auto product = [&](std::size_t a, std::size_t b) {
    double sum = 0.0;
    for (std::size_t cell = 0; cell < n_cell; ++cell) sum += modes[a][cell] * modes[b][cell];
    return sum / static_cast<double>(n_cell);
  };
  double total = 0.0;
  const auto expected = [&](std::size_t j) {
    const auto [p, q] = expansion.wave(static_cast<std::int64_t>(j));
    return std::pow(pi * pi * static_cast<double>(p * p + q * q) + 16.0, -1.7);
  };
  for (std::size_t a = 0; a < n_mode; ++a) {
    total += product(a, a);
    EXPECT_NEAR(product(a, a) / product(0, 0), expected(a) / expected(0), 1e-12);
    for (std::size_t b = 0; b < a; ++b) {
      EXPECT_NEAR(product(a, b), 0.0, 1e-14);
      EXPECT_LE(product(a, a), product(b, b) * (1.0 + 1e-12));  // the largest first
    }
  }
  EXPECT_NEAR(total, 0.36, 1e-13);
  // The corner x = y = 1/48 of mode 0, (p, q) = (0, 1).
  EXPECT_NEAR(modes[0][0], std::sqrt(2.0 * product(0, 0)) * std::cos(pi / 48.0), 1e-14);
}

using Options = std::vector<std::pair<std::string, std::string>>;

// Sets PETSc options of the model for one scope.
class ScopedOptions {
 public:
  explicit ScopedOptions(Options options) : options_(std::move(options)) {
    for (const auto& [name, value] : options_)
      PETSC(PetscOptionsSetValue(nullptr, ("-darcy_" + name).c_str(), value.c_str()));
  }
  ScopedOptions(const ScopedOptions&) = delete;
  ScopedOptions& operator=(const ScopedOptions&) = delete;
  ScopedOptions(ScopedOptions&&) = delete;
  ScopedOptions& operator=(ScopedOptions&&) = delete;
  ~ScopedOptions() {
    for (const auto& [name, value] : options_)
      static_cast<void>(PetscOptionsClearValue(nullptr, ("-darcy_" + name).c_str()));
  }

 private:
  Options options_;
};

// y, then g for weights of 1, of 4 draws.
std::vector<double> answers(ForwardModel& model) {
  Batch c(4, 0), m(4, 32), y(4, 64), w(4, 64), g(4, 32);
  std::vector<SolveStatus> status(4);
  for (std::int64_t row = 0; row < 4; ++row)
    model.sample(static_cast<std::uint64_t>(row), {}, m.write().row(row));
  w.fill(1.0);
  model.solve(c, m, y, status);
  EXPECT_EQ(std::ranges::count(status, SolveStatus::converged), 4);
  model.adjoint(w, g);
  std::vector<double> all;
  for (const Batch* part : {&y, &g}) {
    const auto rows = part->read();
    all.insert(all.end(), rows.values().begin(), rows.values().end());
  }
  return all;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0.0, size = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    worst = std::max(worst, std::abs(a[k] - b[k]));
    size = std::max(size, std::abs(a[k]));
  }
  return worst / size;
}

const Options multigrid = {{"ksp_type", "cg"}, {"pc_type", "gamg"}};

TEST(Darcy, OtherSolversGiveTheSameAnswer) {
  const std::vector<double> cholesky = answers(*make_test_model("darcy", {}));
  {
    const ScopedOptions options(Options{{"pc_type", "lu"}});
    const std::vector<double> lu = answers(*make_test_model("darcy", {}));
    EXPECT_NE(lu, cholesky);  // the options did arrive
    EXPECT_LT(largest_difference(cholesky, lu), 1e-12);
  }
  const ScopedOptions options(multigrid);
  const std::vector<double> iterative = answers(*make_test_model("darcy", {}));
  EXPECT_NE(iterative, cholesky);
  EXPECT_LT(largest_difference(cholesky, iterative), 1e-10);
}

// Multigrid must not remember the hierarchy of an earlier problem: bits would depend on the past.
TEST(Darcy, MultigridKeepsWhatEveryModelPromises) {
  const ScopedOptions options(multigrid);
  const auto model = make_test_model("darcy", {{"n_grid", "16"}});
  for (const CheckRow& row : verify_model(*model, {}))
    EXPECT_TRUE(row.passed) << row.name << ": " << row.value << ", limit " << row.limit;
}

// Enough iterations for weak contrasts, too few for strong ones.
TEST(Darcy, AProblemWhoseSolverStopsShortFailsAlone) {
  const ScopedOptions options(
      Options{{"ksp_type", "cg"}, {"pc_type", "none"}, {"ksp_max_it", "150"}});
  const auto model = make_test_model("darcy", {{"n_grid", "16"}});
  Batch c(3, 0), m(3, 32), y(3, 64), w(3, 64), g(3, 32);
  std::vector<SolveStatus> status(3);
  m.fill(0.0);
  model->solve(c, m, y, status);
  const Batch good_y = y.copy();
  std::ranges::fill(m.write().row(1), 5.0);
  model->solve(c, m, y, status);
  using enum SolveStatus;
  EXPECT_EQ(status, (std::vector{converged, solver_failed, converged}));
  EXPECT_TRUE(std::ranges::equal(y.read().row(2), good_y.read().row(2)));
  w.fill(1.0);
  model->adjoint(w, g);
  EXPECT_TRUE(std::isfinite(g.read().row(2)[0]));
  m.fill(0.0);
  model->solve(c, m, y, status);
  EXPECT_EQ(status, (std::vector(3, converged)));
  EXPECT_TRUE(std::ranges::equal(y.read().values(), good_y.read().values()));
}

TEST(Darcy, RefusesSolverOptionsThatFailEvenForAHomogeneousMedium) {
  for (const auto& option : Options{{"ksp_type", "nonsense"}, {"pc_type", "nonsense"}}) {
    const ScopedOptions options(Options{option});
    EXPECT_THROW(make_test_model("darcy", {}), BadInput);
  }
  const ScopedOptions options(
      Options{{"ksp_type", "cg"}, {"pc_type", "none"}, {"ksp_max_it", "3"}});
  EXPECT_THROW(make_test_model("darcy", {}), BadInput);
}

TEST(Darcy, InputsThatAreNotFiniteOrFarOutDivergeAndHarmNoNeighbour) {
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

  model->solve(c, good_m, y, status);  // and all is well again
  EXPECT_EQ(std::ranges::count(status, SolveStatus::converged), 5);
  EXPECT_TRUE(std::ranges::equal(y.read().values(), good_y.read().values()));
}

TEST(Darcy, ContrastsBeyondDoublePrecisionNeverPassAsFinite) {
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

TEST(Darcy, RefusesMoreModesThanItsCellsTellApart) {
  EXPECT_THROW(make_test_model("darcy", {{"n_grid", "8"}, {"n_mode", "100"}}), BadInput);
  EXPECT_NO_THROW(make_test_model("darcy", {{"n_grid", "16"}, {"n_mode", "100"}}));
}

// Measured on a smaller grid: n^2 log n. PETSc's factor itself, once: 2.0 GB for 16 problems on 512
// cells a side, 441.6 MB on 256.
TEST(Darcy, PredictsTheMemoryOfALargeGrid) {
  const auto bytes = [](const char* n_grid) {
    return make_test_model("darcy", {{"n_grid", n_grid}})->shape().state_bytes;
  };
  EXPECT_NEAR(bytes("512") / bytes("256"), 4.5, 0.1);
}

}  // namespace
}  // namespace jpo
