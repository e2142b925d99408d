// Diffusion: u_t = kappa u_xx on [0, 1], u = 0 at both ends, unknown initial state.
//
// m: the first 8 sine coefficients of u(0) = sum_k m_k sin(k pi x). y: u(T) at 32 sensors, by
// linear interpolation between grid points. Space: second-order differences on a DMDA; time:
// Crank-Nicolson (TSTHETA); adjoint: TSAdjoint of the same steps. The model is linear: the tangent
// is F itself, and the least-squares solution has a closed form. Mode k decays by the factor
// exp(-kappa (k pi)^2 T). With the default kappa T = 0.002 it is 0.28 for mode 8, so that this mode
// is visible at a noise of 1e-3.
//
// This file is the example of a model that is written for one problem with plain PETSc.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include <petscdmda.h>
#include <petscts.h>

#include "core/checks.hpp"
#include "core/petsc_handles.hpp"
#include "core/random.hpp"
#include "models/per_problem_model.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kCoefficient = 8;
constexpr std::int64_t kSensor = 32;

struct Discretization {
  double kappa;
  double horizon;
  /// Interior points.
  PetscInt n_grid;
  PetscInt n_step;
  double dx() const { return 1.0 / static_cast<double>(n_grid + 1); }
};

// Fills A = kappa d2/dx2 of u_t = A u: the matrix of the right-hand side and its constant Jacobian.
PetscErrorCode fill_operator(DM grid, const Discretization& d, Mat a) {
  const double diagonal = -2.0 * d.kappa / (d.dx() * d.dx());
  const double side = d.kappa / (d.dx() * d.dx());
  PetscFunctionBeginUser;
  DMDALocalInfo info;
  PetscCall(DMDAGetLocalInfo(grid, &info));
  for (PetscInt i = info.xs; i < info.xs + info.xm; ++i) {
    const std::array<PetscInt, 3> columns = {i - 1, i, i + 1 < info.mx ? i + 1 : -1};
    const std::array<PetscScalar, 3> values = {side, diagonal, side};
    // PETSc ignores negative columns: u = 0 at the ends.
    PetscCall(MatSetValues(a, 1, &i, 3, columns.data(), values.data(), INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(a, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(a, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PetscErrorCode{});
}

class DiffusionProblem : public ProblemWorkspace {
 public:
  explicit DiffusionProblem(const Discretization& d) : d_(d) {
    PETSC(DMDACreate1d(PETSC_COMM_SELF, DM_BOUNDARY_NONE, d.n_grid, 1, 1, nullptr, grid_.put()));
    PETSC(DMSetUp(grid_.get()));
    PETSC(DMCreateMatrix(grid_.get(), operator_.put()));
    PETSC(fill_operator(grid_.get(), d, operator_.get()));
    PETSC(DMCreateGlobalVector(grid_.get(), u_.put()));
    PETSC(DMCreateGlobalVector(grid_.get(), lambda_.put()));
    make_stepper();
  }

  SolveStatus solve(std::span<const double> /*c*/, std::span<const double> m,
                    std::span<double> y) override {
    march(m);
    observe(y);
    return SolveStatus::converged;
  }

  void adjoint(std::span<const double> w, std::span<double> g) override {
    PETSC(VecSet(lambda_.get(), 0.0));
    double* values = nullptr;
    PETSC(VecGetArray(lambda_.get(), &values));
    for (std::size_t k = 0; k < w.size(); ++k) {
      const auto [left, share] = sensor(k);
      if (left >= 0) values[left] += (1.0 - share) * w[k];
      if (left + 1 < d_.n_grid) values[left + 1] += share * w[k];
    }
    PETSC(VecRestoreArray(lambda_.get(), &values));
    Vec lambda = lambda_.get();
    PETSC(TSSetCostGradients(stepper_.get(), 1, &lambda, nullptr));
    PETSC(TSAdjointSolve(stepper_.get()));
    const double* gradient = nullptr;
    PETSC(VecGetArrayRead(lambda_.get(), &gradient));
    for (std::size_t k = 0; k < g.size(); ++k) {
      g[k] = 0.0;
      for (PetscInt i = 0; i < d_.n_grid; ++i) g[k] += mode(k, i) * gradient[i];
    }
    PETSC(VecRestoreArrayRead(lambda_.get(), &gradient));
  }

  void tangent(std::span<const double> v, std::span<double> dy) override {
    // F is linear: dF/dm v = F(v).
    march(v);
    observe(dy);
  }

 private:
  void make_stepper() {
    PETSC(TSCreate(PETSC_COMM_SELF, stepper_.put()));
    TS ts = stepper_.get();
    PETSC(TSSetDM(ts, grid_.get()));
    PETSC(TSSetProblemType(ts, TS_LINEAR));
    PETSC(TSSetType(ts, TSTHETA));
    PETSC(TSThetaSetTheta(ts, 0.5));
    PETSC(TSSetRHSFunction(ts, nullptr, TSComputeRHSFunctionLinear, nullptr));
    PETSC(TSSetRHSJacobian(ts, operator_.get(), operator_.get(), TSComputeRHSJacobianConstant,
                           nullptr));
    PETSC(TSSetTimeStep(ts, d_.horizon / static_cast<double>(d_.n_step)));
    PETSC(TSSetMaxSteps(ts, d_.n_step));
    PETSC(TSSetMaxTime(ts, d_.horizon));
    PETSC(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
    PETSC(TSSetSaveTrajectory(ts));
    KSP solver = nullptr;
    SNES nonlinear = nullptr;
    PC factors = nullptr;
    PETSC(TSGetSNES(ts, &nonlinear));
    PETSC(SNESSetType(nonlinear, SNESKSPONLY));
    PETSC(SNESGetKSP(nonlinear, &solver));
    PETSC(KSPSetType(solver, KSPPREONLY));
    PETSC(KSPGetPC(solver, &factors));
    PETSC(PCSetType(factors, PCLU));
    PETSC(TSSetFromOptions(ts));
  }
  // Creates a new trajectory for each solve, because one that an adjoint has used cannot be filled
  // again. It is kept in memory; the default of PETSc writes every step to disk.
  void restart_trajectory() {
    PETSC(TSResetTrajectory(stepper_.get()));
    TSTrajectory trajectory = nullptr;
    PETSC(TSGetTrajectory(stepper_.get(), &trajectory));
    PETSC(TSTrajectorySetType(trajectory, stepper_.get(), TSTRAJECTORYMEMORY));
  }

  // Computes u(T) from the coefficients, and keeps every step for the adjoint.
  void march(std::span<const double> m) {
    restart_trajectory();
    double* u = nullptr;
    PETSC(VecGetArrayWrite(u_.get(), &u));
    for (PetscInt i = 0; i < d_.n_grid; ++i) {
      u[i] = 0.0;
      for (std::size_t k = 0; k < m.size(); ++k) u[i] += mode(k, i) * m[k];
    }
    PETSC(VecRestoreArrayWrite(u_.get(), &u));
    PETSC(TSSetTime(stepper_.get(), 0.0));
    PETSC(TSSetStepNumber(stepper_.get(), 0));
    PETSC(TSSetTimeStep(stepper_.get(), d_.horizon / static_cast<double>(d_.n_step)));
    PETSC(TSSolve(stepper_.get(), u_.get()));
  }

  void observe(std::span<double> y) const {
    const double* u = nullptr;
    PETSC(VecGetArrayRead(u_.get(), &u));
    for (std::size_t k = 0; k < y.size(); ++k) {
      const auto [left, share] = sensor(k);
      y[k] = (left >= 0 ? (1.0 - share) * u[left] : 0.0) +
             (left + 1 < d_.n_grid ? share * u[left + 1] : 0.0);
    }
    PETSC(VecRestoreArrayRead(u_.get(), &u));
  }

  double mode(std::size_t k, PetscInt i) const {
    return std::sin(static_cast<double>(k + 1) * std::numbers::pi * d_.dx() *
                    static_cast<double>(i + 1));
  }

  struct Interpolation {
    /// Grid point left of the sensor; -1: the end of the interval.
    PetscInt left;
    /// Weight of the right neighbour.
    double share;
  };
  Interpolation sensor(std::size_t k) const {
    const double position = static_cast<double>(k + 1) / static_cast<double>(kSensor + 1) / d_.dx();
    const auto cell = static_cast<PetscInt>(position);
    return {cell - 1, position - static_cast<double>(cell)};
  }

  Discretization d_;
  DmHandle grid_;
  MatHandle operator_;
  VecHandle u_, lambda_;
  TsHandle stepper_;
};

}  // namespace

class Diffusion : public PerProblemModel {
 public:
  struct Settings : jpo::Settings {
    double kappa = 0.02;
    double horizon = 0.1;
    std::int64_t n_grid = 63;
    std::int64_t n_step = 10;
    void describe(KeyTable& table) override {
      table.add("kappa", &kappa,
                {.doc = "diffusivity", .unit = "length^2 / time", .min = 0, .min_is_open = true});
      table.add(
          "horizon", &horizon,
          {.doc = "time T of the observation", .unit = "time", .min = 0, .min_is_open = true});
      table.add("n_grid", &n_grid, {.doc = "interior grid points", .min = 8, .max = 100000});
      table.add("n_step", &n_step, {.doc = "time steps", .min = 1, .max = 100000});
    }
  };

  Diffusion(const Settings& settings, const BuildOptions& options) {
    const std::int64_t finer = options.resolution == Resolution::data ? 4 : 1;
    discretization_ = {settings.kappa, settings.horizon,
                       static_cast<PetscInt>((settings.n_grid + 1) * finer - 1),
                       static_cast<PetscInt>(settings.n_step * finer)};
    ParameterSpace& m = shape_.parameters;
    for (std::int64_t k = 1; k <= kCoefficient; ++k) m.names.push_back("sine" + std::to_string(k));
    m.units.assign(kCoefficient, "1");
    m.lower.assign(kCoefficient, -std::numeric_limits<double>::infinity());
    m.upper.assign(kCoefficient, std::numeric_limits<double>::infinity());
    m.centre.assign(kCoefficient, 0.0);
    m.scale.assign(kCoefficient, 1.0);
    shape_.observation = {1, kSensor, false, "1", "u(T) at 32 equidistant sensors"};
    shape_.has_tangent = true;
    shape_.has_finer = true;
    shape_.state_bytes =
        static_cast<double>((discretization_.n_step + 20) * discretization_.n_grid) *
        sizeof(double);
  }

  const ModelShape& shape() const override { return shape_; }

  /// Independent standard normal coefficients.
  void sample(std::uint64_t problem_seed, std::span<double> /*c*/,
              std::span<double> m) const override {
    RandomStream stream(problem_seed);
    for (double& value : m) value = stream.normal();
  }

 protected:
  std::unique_ptr<ProblemWorkspace> make_workspace() const override {
    return std::make_unique<DiffusionProblem>(discretization_);
  }

 private:
  ModelShape shape_;
  Discretization discretization_{};
};

namespace {
const RegisterModel<Diffusion> registered{
    "diffusion",
    "linear diffusion with an unknown initial state; example of a model with plain PETSc"};
}  // namespace

}  // namespace jpo
