#pragma once
// The Darcy model (see darcy.cpp) as a physics of BatchedModel. The states of a problem are
// exp(-k), u and the factor.

#include <array>
#include <cstdint>

#include "lanes/cosine_expansion.hpp"
#include "lanes/lane_cholesky.hpp"
#include "models/batched_model.hpp"
#include "models/darcy/operator.hpp"

namespace jpo::darcy {

/// Bilinear interpolation of a field to one point.
struct Sensor {
  /// The four nearest cells, as offsets in a field.
  std::array<std::int64_t, 4> corner;
  std::array<double, 4> share;
};

struct Physics {
  DarcyOperator conductance;
  CosineSums expansion;
  LaneCholeskySweeps cholesky;
  const Sensor* sensors;
  std::int64_t n_sensor;

  PhysicsSizes sizes() const {
    return {.states = 2 * conductance.field_size() + cholesky.factor_size(),
            .scratch = 2 * conductance.field_size() + expansion.scratch_size()};
  }

  JPO_KERNEL void solve(const BlockMemory& at, const double* /*c*/, double* y) const {
    const States states = states_of(at);
    const Workspace work = workspace(at);
    expansion.expand(at.m, states.resistance, work.expansion);
    double* const check = work.field;
    store(check, conductance.log_to_resistance(states.resistance));
    const Lanes source = lanes_of(conductance.cell_width() * conductance.cell_width());
    for (std::int64_t cell = 0; cell < conductance.n_cell(); ++cell)
      store(states.u + cell * n_lane, source);
    double* const pivot_check = check + n_lane;
    cholesky.factor_and_solve(
        [&](std::int64_t row, std::int64_t column) {
          return conductance.entry(states.resistance, row, column);
        },
        states.factor, states.u, pivot_check);
    observe(1.0, states.u, y);
    Lanes sum = lanes_of(0.0);
    for (std::int64_t s = 0; s < n_sensor; ++s) assign(sum, sum + 0.0 * load(y + s * n_lane));
    double* const y_check = pivot_check + n_lane;
    store(y_check, sum);
    // The first cause of a failure is set last, so that it overrides its consequences.
    mark_not_finite(y_check, SolveStatus::diverged, at.status);
    mark_not_finite(pivot_check, SolveStatus::solver_failed, at.status);
    mark_not_finite(check, SolveStatus::diverged, at.status);
  }

  JPO_KERNEL void adjoint(const BlockMemory& at, const double* w, double* g) const {
    const States states = states_of(at);
    const Workspace work = workspace(at);
    double* const lambda = work.field;
    observe_transposed(w, lambda);
    cholesky.solve(states.factor, lambda);
    conductance.pull_back(states.resistance, lambda, states.u, work.other_field);
    expansion.pull_back(work.other_field, g, work.expansion);
    for (std::int64_t k = 0; k < expansion.n_mode * n_lane; k += n_lane)
      store(g + k, -1.0 * load(g + k));
  }

  JPO_KERNEL void tangent(const BlockMemory& at, const double* v, double* dy) const {
    const States states = states_of(at);
    const Workspace work = workspace(at);
    double* const du = work.field;
    expansion.expand(v, work.other_field, work.expansion);
    conductance.apply_derivative(states.resistance, work.other_field, states.u, du);
    cholesky.solve(states.factor, du);
    observe(-1.0, du, dy);
  }

 private:
  struct States {
    double *resistance, *u, *factor;
  };
  JPO_KERNEL States states_of(const BlockMemory& at) const {
    double* const u = at.states + conductance.field_size();
    return {at.states, u, u + conductance.field_size()};
  }

  struct Workspace {
    double *field, *other_field, *expansion;
  };
  JPO_KERNEL Workspace workspace(const BlockMemory& at) const {
    double* const other_field = at.scratch + conductance.field_size();
    return {at.scratch, other_field, other_field + conductance.field_size()};
  }

  /// Computes y = sign * S u.
  JPO_KERNEL void observe(double sign, const double* u, double* y) const {
    for (std::int64_t s = 0; s < n_sensor; ++s) {
      const Sensor& sensor = sensors[s];
      Lanes sum = lanes_of(0.0);
      for (std::size_t corner = 0; corner < 4; ++corner)
        assign(sum, sum + sign * sensor.share[corner] * load(u + sensor.corner[corner]));
      store(y + s * n_lane, sum);
    }
  }

  /// Computes field = S^T w.
  JPO_KERNEL void observe_transposed(const double* w, double* field) const {
    clear_lanes(field, conductance.field_size());
    for (std::int64_t s = 0; s < n_sensor; ++s) {
      const Sensor& sensor = sensors[s];
      for (std::size_t corner = 0; corner < 4; ++corner) {
        double* at = field + sensor.corner[corner];
        store(at, load(at) + sensor.share[corner] * load(w + s * n_lane));
      }
    }
  }
};

}  // namespace jpo::darcy
