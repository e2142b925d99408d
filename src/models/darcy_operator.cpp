#include "models/darcy_operator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include "core/checks.hpp"

namespace jpo {
namespace {

constexpr double kTolerance = 1e-12;  // adjoint and tangent identities are held to 1e-10
constexpr double kLargest = 1e300;
constexpr PetscInt kMaxIteration = 2000;

bool is_factorization(PC preconditioner) {
  PetscBool answer = PETSC_FALSE;
  PETSC(PetscObjectTypeCompareAny(reinterpret_cast<PetscObject>(preconditioner), &answer, PCLU,
                                  PCCHOLESKY, ""));
  return answer == PETSC_TRUE;
}

// Factorizations whose symbolic part depends on the pattern alone, not on the first numbers.
bool is_symbolic_reusable(PC preconditioner) {
  if (!is_factorization(preconditioner)) return false;
  MatSolverType package = nullptr;
  PETSC(PCFactorGetMatSolverType(preconditioner, &package));
  return package == nullptr || std::string_view(package) == MATSOLVERPETSC ||
         std::string_view(package) == MATSOLVERCHOLMOD;
}

double entries(Mat matrix) {
  MatInfo info;
  PETSC(MatGetInfo(matrix, MAT_LOCAL, &info));
  return info.nz_allocated;
}

void write(std::span<const double> values, Vec vec) {
  double* to = nullptr;
  PETSC(VecGetArrayWrite(vec, &to));
  std::ranges::copy(values, to);
  PETSC(VecRestoreArrayWrite(vec, &to));
}

void read(Vec vec, std::span<double> values) {
  const double* from = nullptr;
  PETSC(VecGetArrayRead(vec, &from));
  std::copy_n(from, values.size(), values.begin());
  PETSC(VecRestoreArrayRead(vec, &from));
}

}  // namespace

DarcyOperator::DarcyOperator(PetscInt n_grid)
    : n_(n_grid), resistance_(static_cast<std::size_t>(n_grid * n_grid), 1.0) {
  const PetscInt n_row = n_grid * n_grid;
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n_row, n_row, 5, nullptr, matrix_.put()));
  PETSC(MatSetOption(matrix_.get(), MAT_SPD, PETSC_TRUE));
  PETSC(MatCreateVecs(matrix_.get(), x_.put(), b_.put()));
  assemble();
  make_solver();
}

void DarcyOperator::make_solver() {
  PETSC(KSPCreate(PETSC_COMM_SELF, solver_.put()));
  KSP solver = solver_.get();
  PC preconditioner = nullptr;
  PETSC(KSPSetOptionsPrefix(solver, "darcy_"));
  PETSC(KSPSetType(solver, KSPPREONLY));
  PETSC(KSPGetPC(solver, &preconditioner));
  PETSC(PCSetType(preconditioner, PCCHOLESKY));
  PETSC(PCFactorSetMatOrderingType(preconditioner, MATORDERINGND));
  PETSC(KSPSetTolerances(solver, kTolerance, PETSC_DEFAULT, PETSC_DEFAULT, kMaxIteration));
  PETSC(KSPSetOperators(solver, matrix_.get(), matrix_.get()));
  PETSC(KSPSetFromOptions(solver));
  keeps_pattern_ = is_symbolic_reusable(preconditioner);
}

double DarcyOperator::across(PetscInt p, PetscInt q) const {
  return 2.0 / (resistance_[p] + resistance_[q]);
}

double DarcyOperator::to_edge(PetscInt p) const {
  return 2.0 / resistance_[p];
}

template <class Body>
void DarcyOperator::for_each_face(Body&& body) const {
  for (PetscInt row = 0; row < n_; ++row) {
    for (PetscInt column = 0; column < n_; ++column) {
      const PetscInt p = row * n_ + column;
      if (column + 1 < n_) body(p, p + 1);
      if (row + 1 < n_) body(p, p + n_);
    }
  }
}

template <class Body>
void DarcyOperator::for_each_edge_cell(Body&& body) const {
  for (PetscInt row = 0; row < n_; ++row) {
    const bool outer_row = row == 0 || row == n_ - 1;
    for (PetscInt column = 0; column < n_; column += outer_row ? 1 : n_ - 1) {
      const bool outer_column = column == 0 || column == n_ - 1;
      body(row * n_ + column, (outer_row ? 1.0 : 0.0) + (outer_column ? 1.0 : 0.0));
    }
  }
}

bool DarcyOperator::set_log_coefficient(std::span<const double> k) {
  const double bound = std::log(kLargest);
  if (!std::ranges::all_of(k, [&](double value) { return std::abs(value) <= bound; }))
    return false;  // also where a value is NaN
  std::ranges::transform(k, resistance_.begin(), [](double value) { return std::exp(-value); });
  assemble();
  // KSPReset is not enough: multigrid after it gives other bits than a new one.
  if (!keeps_pattern_) make_solver();
  return true;
}

void DarcyOperator::assemble() {
  for (PetscInt row = 0; row < n_; ++row) {
    for (PetscInt column = 0; column < n_; ++column) {
      const PetscInt p = row * n_ + column;
      // -1: beyond the edge; PETSc leaves such entries out.
      const std::array<PetscInt, 5> cells = {row > 0 ? p - n_ : -1, column > 0 ? p - 1 : -1, p,
                                             column + 1 < n_ ? p + 1 : -1,
                                             row + 1 < n_ ? p + n_ : -1};
      std::array<double, 5> values{};
      for (const std::size_t side : {0, 1, 3, 4}) {
        const double t = cells[side] >= 0 ? across(p, cells[side]) : to_edge(p);
        values[side] = -t;
        values[2] += t;
      }
      PETSC(MatSetValues(matrix_.get(), 1, &p, 5, cells.data(), values.data(), INSERT_VALUES));
    }
  }
  PETSC(MatAssemblyBegin(matrix_.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix_.get(), MAT_FINAL_ASSEMBLY));
}

void DarcyOperator::solve(std::span<const double> b, std::span<double> x) {
  write(b, b_.get());
  PETSC(KSPSolve(solver_.get(), b_.get(), x_.get()));
  KSPConvergedReason reason = KSP_CONVERGED_ITERATING;
  PETSC(KSPGetConvergedReason(solver_.get(), &reason));
  if (reason <= 0)
    throw std::runtime_error(
        fmt::format("Darcy solver: no convergence ({})", KSPConvergedReasons[reason]));
  read(x_.get(), x);
}

void DarcyOperator::apply_derivative(std::span<const double> dk, std::span<const double> u,
                                     std::span<double> result) const {
  std::ranges::fill(result, 0.0);
  for_each_face([&](PetscInt p, PetscInt q) {
    // dT/dk_p = T exp(-k_p) / (exp(-k_p) + exp(-k_q)) = T^2 exp(-k_p) / 2
    const double t = across(p, q);
    const double dt = 0.5 * t * t * (resistance_[p] * dk[p] + resistance_[q] * dk[q]);
    const double flow = dt * (u[p] - u[q]);
    result[p] += flow;
    result[q] -= flow;
  });
  for_each_edge_cell(
      [&](PetscInt p, double n_edge) { result[p] += n_edge * to_edge(p) * dk[p] * u[p]; });
}

void DarcyOperator::pull_back(std::span<const double> lambda, std::span<const double> u,
                              std::span<double> g) const {
  std::ranges::fill(g, 0.0);
  for_each_face([&](PetscInt p, PetscInt q) {
    const double t = across(p, q);
    const double share = 0.5 * t * t * (lambda[p] - lambda[q]) * (u[p] - u[q]);
    g[p] += resistance_[p] * share;
    g[q] += resistance_[q] * share;
  });
  for_each_edge_cell(
      [&](PetscInt p, double n_edge) { g[p] += n_edge * to_edge(p) * lambda[p] * u[p]; });
}

double DarcyOperator::kept_bytes() const {
  constexpr double entry = sizeof(double) + sizeof(PetscInt);
  double n_entry = entries(matrix_.get());
  PC preconditioner = nullptr;
  PETSC(KSPGetPC(solver_.get(), &preconditioner));
  if (is_factorization(preconditioner)) {
    Mat factors = nullptr;
    PETSC(PCFactorGetMatrix(preconditioner, &factors));
    n_entry += entries(factors);
  } else {
    n_entry *= 4.0;
  }
  return entry * n_entry + 3.0 * static_cast<double>(n_cell()) * sizeof(double);
}

}  // namespace jpo
