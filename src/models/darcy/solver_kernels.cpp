#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <petscmat.h>

#include "core/checks.hpp"
#include "core/handle.hpp"
#include "models/darcy/solver.hpp"

namespace jpo::darcy {
namespace {

using MatHandle = Handle<Mat, MatDestroy>;

constexpr std::int64_t kLargestMeasured = 256;
constexpr std::int64_t kCheck = 3;  ///< of k, of the pivots, of y

// What is not 0 in A, for any k.
MatHandle five_points(std::int64_t n_grid) {
  MatHandle matrix;
  const auto n = static_cast<PetscInt>(n_grid);
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n * n, n * n, 5, nullptr, matrix.put()));
  for (PetscInt row = 0; row < n; ++row) {
    for (PetscInt column = 0; column < n; ++column) {
      const PetscInt p = row * n + column;
      // -1: beyond the edge; PETSc leaves such entries out.
      const std::array<PetscInt, 5> cells = {row > 0 ? p - n : -1, column > 0 ? p - 1 : -1, p,
                                             column + 1 < n ? p + 1 : -1, row + 1 < n ? p + n : -1};
      constexpr std::array<PetscScalar, 5> values = {1.0, 1.0, 1.0, 1.0, 1.0};
      PETSC(MatSetValues(matrix.get(), 1, &p, 5, cells.data(), values.data(), INSERT_VALUES));
    }
  }
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

// A block's work space: two fields, of the expansion, what sensors see, and numbers of the
// unknowns.
struct Workspace {
  double *field, *other_field, *expansion, *seen, *unknowns;
};
JPO_KERNEL std::int64_t scratch_size(const Flow& flow) {
  return 2 * flow.conductance.field_size() + flow.expansion.scratch_size() +
         (flow.n_sensor + flow.expansion.n_mode) * n_lane;
}
JPO_KERNEL Workspace workspace(const Flow& flow, std::int64_t block) {
  Workspace work{};
  work.field = flow.scratch.of(block);
  work.other_field = work.field + flow.conductance.field_size();
  work.expansion = work.other_field + flow.conductance.field_size();
  work.seen = work.expansion + flow.expansion.scratch_size();
  work.unknowns = work.seen + flow.n_sensor * n_lane;
  return work;
}

// The states of one block.
struct State {
  double *factor, *resistance, *u;
};
JPO_KERNEL State state_of(const Flow& flow, std::int64_t block) {
  double* resistance = flow.fields + block * 2 * flow.conductance.field_size();
  return {flow.factors + block * flow.cholesky.factor_size(), resistance,
          resistance + flow.conductance.field_size()};
}

// seen = sign * S u.
JPO_KERNEL void observe(const Flow& flow, double sign, const double* u, double* seen) {
  for (std::int64_t s = 0; s < flow.n_sensor; ++s) {
    const Sensor& sensor = flow.sensors[s];
    Lanes sum = lanes_of(0.0);
    for (std::size_t corner = 0; corner < 4; ++corner)
      assign(sum, sum + sign * sensor.share[corner] * load(u + sensor.corner[corner]));
    store(seen + s * n_lane, sum);
  }
}

// field = S^T seen.
JPO_KERNEL void observe_transposed(const Flow& flow, const double* seen, double* field) {
  clear_lanes(field, flow.conductance.field_size());
  for (std::int64_t s = 0; s < flow.n_sensor; ++s) {
    const Sensor& sensor = flow.sensors[s];
    for (std::size_t corner = 0; corner < 4; ++corner) {
      double* at = field + sensor.corner[corner];
      store(at, load(at) + sensor.share[corner] * load(seen + s * n_lane));
    }
  }
}

struct SolveKernel {
  Flow flow;
  BatchRows<const double> m;
  BatchRows<double> y;
  double* checks;  ///< [block][kCheck][lane]
  JPO_KERNEL void operator()(std::int64_t block) const {
    const Workspace work = workspace(flow, block);
    const State state = state_of(flow, block);
    const DarcyOperator& conductance = flow.conductance;
    double* check = checks + block * kCheck * n_lane;
    load_block(m, block, work.unknowns);
    flow.expansion.expand(work.unknowns, state.resistance, work.expansion);
    store(check, conductance.log_to_resistance(state.resistance));
    const Lanes source = lanes_of(conductance.cell_width() * conductance.cell_width());
    for (std::int64_t cell = 0; cell < conductance.n_cell(); ++cell)
      store(state.u + cell * n_lane, source);
    flow.cholesky.factor_and_solve(
        [&](std::int64_t row, std::int64_t column) {
          return conductance.entry(state.resistance, row, column);
        },
        state.factor, state.u, check + n_lane);
    observe(flow, 1.0, state.u, work.seen);
    store_block(work.seen, block, y);
    Lanes sum = lanes_of(0.0);
    for (std::int64_t s = 0; s < flow.n_sensor; ++s)
      assign(sum, sum + 0.0 * load(work.seen + s * n_lane));
    store(check + 2 * n_lane, sum);
  }
};

struct AdjointKernel {
  Flow flow;
  BatchRows<const double> w;
  BatchRows<double> g;
  JPO_KERNEL void operator()(std::int64_t block) const {
    const Workspace work = workspace(flow, block);
    const State state = state_of(flow, block);
    double* lambda = work.field;
    load_block(w, block, work.seen);
    observe_transposed(flow, work.seen, lambda);
    flow.cholesky.solve(state.factor, lambda);
    flow.conductance.pull_back(state.resistance, lambda, state.u, work.other_field);
    flow.expansion.pull_back(work.other_field, work.unknowns, work.expansion);
    for (std::int64_t k = 0; k < flow.expansion.n_mode * n_lane; k += n_lane)
      store(work.unknowns + k, -1.0 * load(work.unknowns + k));
    store_block(work.unknowns, block, g);
  }
};

struct TangentKernel {
  Flow flow;
  BatchRows<const double> v;
  BatchRows<double> dy;
  JPO_KERNEL void operator()(std::int64_t block) const {
    const Workspace work = workspace(flow, block);
    const State state = state_of(flow, block);
    double* du = work.field;
    load_block(v, block, work.unknowns);
    flow.expansion.expand(work.unknowns, work.other_field, work.expansion);
    flow.conductance.apply_derivative(state.resistance, work.other_field, state.u, du);
    flow.cholesky.solve(state.factor, du);
    observe(flow, -1.0, du, work.seen);
    store_block(work.seen, block, dy);
  }
};

SolveStatus status_of(const double* check) {
  const auto is_bad = [&](std::int64_t k) { return !std::isfinite(check[k * n_lane]); };
  if (is_bad(0)) return SolveStatus::diverged;
  if (is_bad(1)) return SolveStatus::solver_failed;
  return is_bad(2) ? SolveStatus::diverged : SolveStatus::converged;
}

}  // namespace

Solver::Solver(const CosineExpansion::Spectrum& spectrum, std::int64_t n_grid,
               const std::vector<Sensor>& sensors, MemorySpace space)
    : space_(space),
      expansion_(spectrum, n_grid, space),
      sensors_(space, sensors),
      factors_(space),
      fields_(space),
      checks_(space),
      scratch_(space) {
  flow_.conductance.n = n_grid;
  flow_.expansion = expansion_.sums();
  flow_.sensors = sensors_.data();
  flow_.n_sensor = sensors_.size();
  count_bytes();
}

// The pattern of a large grid's factor takes seconds: it waits for the first solve, so that a deck
// is checked as fast as that of a small one. Until then the factor is taken as what two smaller
// grids have and the fill of nested dissection, a cell's part of which grows as log n (George 1973,
// doi 10.1137/0710032).
void Solver::count_bytes() {
  const std::int64_t n_grid = flow_.conductance.n;
  const std::int64_t n_measured = std::min(n_grid, kLargestMeasured);
  LaneCholesky measured(five_points(n_measured).get(), space_);
  const auto of_cell = [](const LaneCholesky& cholesky) {
    return static_cast<double>(cholesky.n_value()) / static_cast<double>(cholesky.sweeps().size());
  };
  double factor = of_cell(measured);
  if (n_grid == n_measured) {
    cholesky_.emplace(std::move(measured));
  } else {
    const LaneCholesky half(five_points(n_measured / 2).get(), space_);
    factor += (factor - of_cell(half)) *
              std::log2(static_cast<double>(n_grid) / static_cast<double>(n_measured));
  }
  const auto n_cell = static_cast<double>(flow_.conductance.n_cell());
  // On a device each block has its work space at the same time as the others.
  const std::int64_t scratch = shares_scratch(space_) ? 0 : scratch_size(flow_) / n_lane;
  bytes_per_problem_ = ((factor + 2.0) * n_cell + static_cast<double>(scratch)) * sizeof(double);
}

void Solver::prepare(std::int64_t n_block) {
  if (!cholesky_) cholesky_.emplace(five_points(flow_.conductance.n).get(), space_);
  flow_.cholesky = cholesky_->sweeps();
  factors_.reserve(n_block * flow_.cholesky.factor_size());
  fields_.reserve(n_block * 2 * flow_.conductance.field_size());
  checks_.reserve(n_block * kCheck * n_lane);
  flow_.factors = factors_.data();
  flow_.fields = fields_.data();
  flow_.scratch = scratch_.reserve(n_block, scratch_size(flow_));
}

std::vector<SolveStatus> Solver::solve(BatchRows<const double> m, BatchRows<double> y) {
  n_solved_ = m.n_problem();
  const std::int64_t n_block = n_block_of(n_solved_);
  prepare(n_block);
  launch(space_, n_block, SolveKernel{flow_, m, y, checks_.data()});
  const std::vector<double> checks = checks_.read(0, n_block * kCheck * n_lane);
  std::vector<SolveStatus> status;
  for (std::int64_t k = 0; k < n_solved_; ++k)
    status.push_back(status_of(checks.data() + k / n_lane * kCheck * n_lane + k % n_lane));
  return status;
}

void Solver::adjoint(BatchRows<const double> w, BatchRows<double> g) {
  if (g.n_problem() != n_solved_) throw std::logic_error("not the problems of the last solve");
  launch(space_, n_block_of(n_solved_), AdjointKernel{flow_, w, g});
}

void Solver::tangent(BatchRows<const double> v, BatchRows<double> dy) {
  if (v.n_problem() != n_solved_) throw std::logic_error("not the problems of the last solve");
  launch(space_, n_block_of(n_solved_), TangentKernel{flow_, v, dy});
}

}  // namespace jpo::darcy
