// Diffusion: u_t = kappa u_xx on [0, 1], u = 0 at both ends, unknown initial state.
//
// m: the first 8 sine coefficients of u(0) = sum_k m_k sin(k pi x); with unknown_kappa also
// log(kappa / model.kappa). y: u at 32 sensors, at n_time equidistant times up to T, by linear
// interpolation between grid points. Space: second-order differences on a DMDA. Time:
// Crank-Nicolson. Its matrix is factored once per value of kappa, for all steps, solves and
// adjoints.
//
// If kappa is known, the model is linear: the tangent is F itself, and the least-squares solution
// has a closed form. Mode k decays by the factor exp(-kappa (k pi)^2 T). With the default kappa T =
// 0.002 it is 0.28 for mode 8, so that this mode is visible at a noise of 1e-3.
//
// This file is the example of a model that is written for one problem with plain PETSc.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <petscdmda.h>
#include <petscksp.h>

#include "core/checks.hpp"
#include "core/errors.hpp"
#include "core/petsc_handles.hpp"
#include "core/random.hpp"
#include "models/per_problem_model.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kCoefficient = 8;
constexpr std::int64_t kSensor = 32;
// Bound of log(kappa / model.kappa).
constexpr double kLogKappa = 1.0;

struct Discretization {
  double kappa;
  bool unknown_kappa;
  double horizon;
  /// Interior points.
  PetscInt n_grid;
  PetscInt n_step;
  /// Observation times, and the first of them that are needed.
  PetscInt n_time;
  PetscInt n_needed;
  double dx() const { return 1.0 / static_cast<double>(n_grid + 1); }
  double step() const { return horizon / static_cast<double>(n_step); }
};

// Fills D = d2/dx2.
PetscErrorCode fill_laplacian(DM grid, double dx, Mat laplacian) {
  const double side = 1.0 / (dx * dx);
  PetscFunctionBeginUser;
  DMDALocalInfo info;
  PetscCall(DMDAGetLocalInfo(grid, &info));
  for (PetscInt i = info.xs; i < info.xs + info.xm; ++i) {
    const std::array<PetscInt, 3> columns = {i - 1, i, i + 1 < info.mx ? i + 1 : -1};
    const std::array<PetscScalar, 3> values = {side, -2.0 * side, side};
    // PETSc ignores negative columns: u = 0 at the ends.
    PetscCall(MatSetValues(laplacian, 1, &i, 3, columns.data(), values.data(), INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(laplacian, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(laplacian, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PetscErrorCode{});
}

// One step of Crank-Nicolson from u to u': B v = u, u' = 2 v - u, with B = I - step / 2 kappa D.
// v = (u + u') / 2 is the state in the middle of the step.
class DiffusionProblem : public ProblemWorkspace {
 public:
  explicit DiffusionProblem(const Discretization& d)
      : d_(d), states_(d.n_step + 1), modes_(kCoefficient * d.n_grid) {
    PETSC(DMDACreate1d(PETSC_COMM_SELF, DM_BOUNDARY_NONE, d.n_grid, 1, 1, nullptr, grid_.put()));
    PETSC(DMSetUp(grid_.get()));
    PETSC(DMCreateMatrix(grid_.get(), laplacian_.put()));
    PETSC(fill_laplacian(grid_.get(), d.dx(), laplacian_.get()));
    PETSC(MatDuplicate(laplacian_.get(), MAT_COPY_VALUES, step_matrix_.put()));
    for (VecHandle& state : states_) PETSC(DMCreateGlobalVector(grid_.get(), state.put()));
    for (VecHandle* work : {&u_, &right_, &middle_, &change_})
      PETSC(DMCreateGlobalVector(grid_.get(), work->put()));
    for (std::int64_t k = 0; k < kCoefficient; ++k)
      for (PetscInt i = 0; i < d.n_grid; ++i)
        modes_[k * d.n_grid + i] = std::sin(static_cast<double>(k + 1) * std::numbers::pi * d.dx() *
                                            static_cast<double>(i + 1));
    make_solver();
    set_kappa(d.kappa);
  }

  SolveStatus solve(std::span<const double> /*c*/, std::span<const double> m,
                    std::span<double> y) override {
    if (d_.unknown_kappa) set_kappa(d_.kappa * std::exp(m[kCoefficient]));
    set_start(m, states_[0].get());
    std::ranges::fill(y, 0.0);
    for (PetscInt n = 0; n < n_step(); ++n) {
      Vec next = states_[n + 1].get();
      PETSC(KSPSolve(solver_.get(), states_[n].get(), next));
      PETSC(VecAXPBY(next, -1.0, 2.0, states_[n].get()));
      observe(n + 1, next, y);
    }
    return SolveStatus::converged;
  }

  // The transposed steps, last one first.
  void adjoint(std::span<const double> w, std::span<double> g) override {
    Vec lambda = u_.get();
    Vec mu = right_.get();
    double g_kappa = 0.0;
    PETSC(VecSet(lambda, 0.0));
    for (PetscInt n = n_step(); n > 0; --n) {
      add_observed(n, w, lambda);
      PETSC(KSPSolveTranspose(solver_.get(), lambda, mu));
      if (d_.unknown_kappa) {
        double product = 0.0;
        PETSC(VecDot(mu, change_by_kappa(n - 1), &product));
        g_kappa += 2.0 * product;
      }
      PETSC(VecAXPBY(lambda, 2.0, -1.0, mu));
    }
    const double* start = nullptr;
    PETSC(VecGetArrayRead(lambda, &start));
    for (std::int64_t k = 0; k < kCoefficient; ++k) {
      g[k] = 0.0;
      for (PetscInt i = 0; i < d_.n_grid; ++i) g[k] += modes_[k * d_.n_grid + i] * start[i];
    }
    PETSC(VecRestoreArrayRead(lambda, &start));
    if (d_.unknown_kappa) g[kCoefficient] = g_kappa;
  }

  // The derivative of each step: B dv = du + d(log kappa) step / 2 kappa D v, du' = 2 dv - du.
  void tangent(std::span<const double> v, std::span<double> dy) override {
    Vec du = u_.get();
    Vec dv = right_.get();
    set_start(v, du);
    std::ranges::fill(dy, 0.0);
    for (PetscInt n = 0; n < n_step(); ++n) {
      PETSC(VecCopy(du, dv));
      if (d_.unknown_kappa) PETSC(VecAXPY(dv, v[kCoefficient], change_by_kappa(n)));
      PETSC(KSPSolve(solver_.get(), dv, dv));
      PETSC(VecAXPBY(du, 2.0, -1.0, dv));
      observe(n + 1, du, dy);
    }
  }

  // The states from x = 0 on, at up to 251 times.
  Trajectory trajectory() override {
    Trajectory result;
    result.n_grid = d_.n_grid + 1;
    result.length = 1.0;
    const PetscInt stride = (n_step() + 249) / 250;
    for (PetscInt n = 0; n <= n_step(); n += stride) {
      const double* u = nullptr;
      PETSC(VecGetArrayRead(states_[n].get(), &u));
      result.time.push_back(static_cast<double>(n) * d_.step());
      result.states.push_back(0.0);
      result.states.insert(result.states.end(), u, u + d_.n_grid);
      PETSC(VecRestoreArrayRead(states_[n].get(), &u));
    }
    return result;
  }

 private:
  void make_solver() {
    PETSC(KSPCreate(PETSC_COMM_SELF, solver_.put()));
    PETSC(KSPSetErrorIfNotConverged(solver_.get(), PETSC_TRUE));
    PETSC(KSPSetType(solver_.get(), KSPPREONLY));
    PC factors = nullptr;
    PETSC(KSPGetPC(solver_.get(), &factors));
    PETSC(PCSetType(factors, PCLU));
  }
  // Computes B. PETSc factors it in the next solve, and keeps the factors until B changes.
  void set_kappa(double kappa) {
    if (kappa == kappa_) return;
    kappa_ = kappa;
    PETSC(MatCopy(laplacian_.get(), step_matrix_.get(), SAME_NONZERO_PATTERN));
    PETSC(MatScale(step_matrix_.get(), -0.5 * d_.step() * kappa));
    PETSC(MatShift(step_matrix_.get(), 1.0));
    PETSC(KSPSetOperators(solver_.get(), step_matrix_.get(), step_matrix_.get()));
  }
  // Returns step / 2 kappa D v of the step from state n.
  Vec change_by_kappa(PetscInt n) {
    PETSC(VecWAXPY(middle_.get(), 1.0, states_[n].get(), states_[n + 1].get()));
    PETSC(MatMult(laplacian_.get(), middle_.get(), change_.get()));
    PETSC(VecScale(change_.get(), 0.25 * d_.step() * kappa_));
    return change_.get();
  }
  void set_start(std::span<const double> m, Vec start) const {
    double* u = nullptr;
    PETSC(VecGetArrayWrite(start, &u));
    for (PetscInt i = 0; i < d_.n_grid; ++i) {
      u[i] = 0.0;
      for (std::int64_t k = 0; k < kCoefficient; ++k) u[i] += modes_[k * d_.n_grid + i] * m[k];
    }
    PETSC(VecRestoreArrayWrite(start, &u));
  }

  struct Sensor {
    /// Grid point left of the sensor; -1: the end of the interval.
    PetscInt left;
    /// Weight of the right neighbour.
    double share;
  };
  Sensor sensor(std::int64_t k) const {
    const double position = static_cast<double>(k + 1) / static_cast<double>(kSensor + 1) / d_.dx();
    const auto cell = static_cast<PetscInt>(position);
    return {cell - 1, position - static_cast<double>(cell)};
  }
  PetscInt interval() const { return d_.n_step / d_.n_time; }
  // Steps up to the last observation time that is needed.
  PetscInt n_step() const { return interval() * d_.n_needed; }

  // Writes the observation after step n to y, if n is an observation time.
  void observe(PetscInt n, Vec state, std::span<double> y) const {
    if (n % interval() != 0) return;
    const auto channel = y.subspan((n / interval() - 1) * kSensor, kSensor);
    const double* u = nullptr;
    PETSC(VecGetArrayRead(state, &u));
    for (std::int64_t k = 0; k < kSensor; ++k) {
      const auto [left, share] = sensor(k);
      channel[k] = (left >= 0 ? (1.0 - share) * u[left] : 0.0) +
                   (left + 1 < d_.n_grid ? share * u[left + 1] : 0.0);
    }
    PETSC(VecRestoreArrayRead(state, &u));
  }
  // The transpose of observe().
  void add_observed(PetscInt n, std::span<const double> w, Vec lambda) const {
    if (n % interval() != 0) return;
    const auto channel = w.subspan((n / interval() - 1) * kSensor, kSensor);
    double* values = nullptr;
    PETSC(VecGetArray(lambda, &values));
    for (std::int64_t k = 0; k < kSensor; ++k) {
      const auto [left, share] = sensor(k);
      if (left >= 0) values[left] += (1.0 - share) * channel[k];
      if (left + 1 < d_.n_grid) values[left + 1] += share * channel[k];
    }
    PETSC(VecRestoreArray(lambda, &values));
  }

  /// Owned by the model, which changes n_needed.
  const Discretization& d_;
  double kappa_ = 0.0;
  DmHandle grid_;
  MatHandle laplacian_, step_matrix_;
  KspHandle solver_;
  /// u after each step.
  std::vector<VecHandle> states_;
  VecHandle u_, right_, middle_, change_;
  /// sin(k pi x): [coefficient][grid point]
  std::vector<double> modes_;
};

class Diffusion : public PerProblemModel {
 public:
  struct Settings : jpo::Settings {
    double kappa = 0.02;
    bool unknown_kappa = false;
    double horizon = 0.1;
    std::int64_t n_grid = 63;
    std::int64_t n_step = 10;
    std::int64_t n_time = 1;
    void describe(KeyTable& table) override;
    void check() const override;
  };

  Diffusion(const Settings& settings, const BuildOptions& options);

  /// Independent standard normal coefficients; log(kappa / model.kappa) is uniform in its bounds.
  void sample(std::uint64_t problem_seed, std::span<double> /*c*/,
              std::span<double> m) const override {
    RandomStream stream(problem_seed);
    for (double& coefficient : m.first(kCoefficient)) coefficient = stream.normal();
    if (discretization_.unknown_kappa) m[kCoefficient] = stream.uniform(-kLogKappa, kLogKappa);
  }
  void observe_channels(std::int64_t n) override {
    discretization_.n_needed = static_cast<PetscInt>(n);
  }

 protected:
  std::unique_ptr<ProblemWorkspace> make_workspace() const override {
    return std::make_unique<DiffusionProblem>(discretization_);
  }

 private:
  void set_parameters();

  Discretization discretization_{};
};

void Diffusion::Settings::describe(KeyTable& table) {
  table.add("kappa", &kappa,
            {.doc = "diffusivity; with unknown_kappa the centre of its prior",
             .unit = "length^2 / time",
             .min = 0,
             .min_is_open = true});
  table.add("unknown_kappa", &unknown_kappa,
            {.doc = "the logarithm of the diffusivity is the ninth unknown"});
  table.add(
      "horizon", &horizon,
      {.doc = "time T of the last observation", .unit = "time", .min = 0, .min_is_open = true});
  table.add("n_grid", &n_grid, {.doc = "interior grid points", .min = 8, .max = 100000});
  table.add("n_step", &n_step, {.doc = "time steps", .min = 1, .max = 100000});
  table.add("n_time", &n_time,
            {.doc = "equidistant observation times; a divisor of n_step", .min = 1, .max = 1000});
}

void Diffusion::Settings::check() const {
  if (n_step % n_time != 0)
    throw BadInput(fmt::format(
        "key 'model.n_time': {} is no divisor of model.n_step = {}; allowed: divisors of n_step",
        n_time, n_step));
}

Diffusion::Diffusion(const Settings& settings, const BuildOptions& options) {
  const std::int64_t finer = options.resolution == Resolution::data ? 4 : 1;
  const auto n_time = static_cast<PetscInt>(settings.n_time);
  discretization_ = {.kappa = settings.kappa,
                     .unknown_kappa = settings.unknown_kappa,
                     .horizon = settings.horizon,
                     .n_grid = static_cast<PetscInt>((settings.n_grid + 1) * finer - 1),
                     .n_step = static_cast<PetscInt>(settings.n_step * finer),
                     .n_time = n_time,
                     .n_needed = n_time};
  set_parameters();
  shape_.observation = {settings.n_time, kSensor, false, "1",
                        n_time == 1 ? "u(T) at 32 equidistant sensors"
                                    : "u at 32 equidistant sensors, at each observation time"};
  shape_.channels_in_time = n_time > 1;
  shape_.has_tangent = true;
  shape_.has_finer = true;
  shape_.trajectory.state = "temperature";
  // The adjoint of the linear model needs no states. The largest part are n_step + 1 states.
  set_memory(
      settings.unknown_kappa ? KeptStates::of_every_problem : KeptStates::none,
      static_cast<double>((discretization_.n_step + 40) * discretization_.n_grid) * sizeof(double));
}

void Diffusion::set_parameters() {
  ParameterSpace& m = shape_.parameters;
  const auto add = [&m](std::string name, double bound, double scale) {
    m.names.push_back(std::move(name));
    m.units.emplace_back("1");
    m.lower.push_back(-bound);
    m.upper.push_back(bound);
    m.centre.push_back(0.0);
    m.scale.push_back(scale);
  };
  for (std::int64_t k = 1; k <= kCoefficient; ++k)
    add("sine" + std::to_string(k), std::numeric_limits<double>::infinity(), 1.0);
  if (discretization_.unknown_kappa) add("log_kappa", kLogKappa, 0.5 * kLogKappa);
}

const RegisterModel<Diffusion> registered{
    "diffusion", "diffusion with an unknown initial state; example of a model with plain PETSc"};

}  // namespace
}  // namespace jpo
