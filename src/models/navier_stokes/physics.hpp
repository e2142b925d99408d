#pragma once
// The Navier-Stokes model (see navier_stokes.cpp) as a physics of BatchedModel. The states are the
// record of the scheme: the kept velocities [face][lane] (adjoint_checkpoints.hpp).

#include <cstdint>

#include "models/batched_model.hpp"
#include "models/navier_stokes/start.hpp"
#include "models/navier_stokes/sweeps.hpp"

namespace jpo::navier_stokes {

struct Physics {
  Scheme scheme;
  UpperHalf upper_half;
  Impulse impulse;

  PhysicsSizes sizes() const {
    return {.states = scheme.record_size(),
            .scratch = scheme.grid.block_size() + scheme.scratch_size() + impulse.scratch_size()};
  }

  JPO_KERNEL void solve(const BlockMemory& at, const double* c, double* y) const {
    const Workspace work = workspace(at);
    upper_half.extend(c, at.states);
    impulse.add(at.m, at.states, work.impulse);
    scheme.forward(at.states, work.scheme);
    const double* last = at.states + scheme.record_offset(scheme.grid.n_step);
    upper_half.observe(last, y);
    // If a velocity is not finite, all later ones are not finite: only the last one is checked.
    Lanes sum = lanes_of(0.0);
    for (std::int64_t k = 0; k < scheme.grid.block_size(); k += n_lane)
      sum = sum + 0.0 * load(last + k);
    store(work.velocity, sum);
    mark_not_finite(work.velocity, SolveStatus::diverged, at.status);
  }

  JPO_KERNEL void adjoint(const BlockMemory& at, const double* w, double* g) const {
    const Workspace work = workspace(at);
    upper_half.observe_transposed(w, work.velocity);
    scheme.adjoint(at.states, work.velocity, work.scheme);
    impulse.adjoint(at.m, work.velocity, g, work.impulse);
  }

  JPO_KERNEL void tangent(const BlockMemory& at, const double* v, double* dy) const {
    const Workspace work = workspace(at);
    clear_lanes(work.velocity, scheme.grid.block_size());
    impulse.add_tangent(at.m, v, work.velocity, work.impulse);
    scheme.tangent(at.states, work.velocity, work.scheme);
    upper_half.observe(work.velocity, dy);
  }

 private:
  struct Workspace {
    double *velocity, *scheme, *impulse;
  };
  JPO_KERNEL Workspace workspace(const BlockMemory& at) const {
    double* const after_velocity = at.scratch + scheme.grid.block_size();
    return {at.scratch, after_velocity, after_velocity + scheme.scratch_size()};
  }
};

}  // namespace jpo::navier_stokes
