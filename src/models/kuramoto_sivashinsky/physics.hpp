#pragma once
// The Kuramoto-Sivashinsky model (see kuramoto_sivashinsky.cpp) as a physics of BatchedModel. The
// states are u after each step, [step][point][lane].

#include <cstdint>

#include "models/batched_model.hpp"
#include "models/kuramoto_sivashinsky/grid.hpp"
#include "models/kuramoto_sivashinsky/sweeps.hpp"

namespace jpo::kuramoto_sivashinsky {

template <class S>
struct Physics {
  Sweeps<S> sweeps;
  Start start;
  Observed observed;
  /// Number of components of y; those after the observed channels are 0.
  std::int64_t n_observation;

  PhysicsSizes sizes() const {
    const std::int64_t trajectory = (sweeps.grid.n_step + 1) * sweeps.block_size();
    return {.states = trajectory,
            .scratch = sweeps.scratch_size() + sweeps.block_size(),
            .tangent_scratch = trajectory};
  }

  JPO_KERNEL void solve(const BlockMemory& at, const double* c, double* y) const {
    start_state(start.is_unknown ? at.m : c, at.states);
    sweeps.forward(coefficients(at), observed.last_step(), at.states, at.scratch);
    observe(at.states, y);
    // If a state is not finite, all later ones are not finite: only the last one is checked.
    const double* last = at.states + observed.last_step() * sweeps.block_size();
    Lanes sum = lanes_of(0.0);
    for (std::int64_t i = 0; i < sweeps.grid.n; ++i) sum = sum + 0.0 * load(last + i * n_lane);
    store(at.scratch, sum);
    mark_not_finite(at.scratch, SolveStatus::diverged, at.status);
  }

  JPO_KERNEL void adjoint(const BlockMemory& at, const double* w, double* g) const {
    double* initial = at.scratch + sweeps.scratch_size();
    const Coefficients gradient =
        sweeps.adjoint(coefficients(at), at.states, {observed, w}, initial, at.scratch);
    if (start.is_unknown) {
      start_state_transposed(initial, g);
    } else {
      store(g, gradient.alpha);
      store(g + n_lane, gradient.beta);
    }
  }

  JPO_KERNEL void tangent(const BlockMemory& at, const double* v, double* dy) const {
    double* tangents = at.tangent_scratch;
    Coefficients dm{lanes_of(0.0), lanes_of(0.0)};
    if (start.is_unknown) {
      start_state(v, tangents);
    } else {
      dm = {load(v), load(v + n_lane)};
      clear_lanes(tangents, sweeps.block_size());
    }
    sweeps.tangent(coefficients(at), at.states, {dm, observed.last_step()}, tangents, at.scratch);
    observe(tangents, dy);
  }

 private:
  JPO_KERNEL Coefficients coefficients(const BlockMemory& at) const {
    if (start.is_unknown) return {lanes_of(0.0), lanes_of(1.0)};
    return {load(at.m), load(at.m + n_lane)};
  }

  JPO_KERNEL void start_state(const double* input, double* u) const {
    const std::int64_t n_input = start.n_input;
    for (std::int64_t i = 0; i < sweeps.grid.n; ++i) {
      if (start.matrix == nullptr) {
        store(u + i * n_lane, load(input + i * n_lane));
        continue;
      }
      Lanes sum = lanes_of(0.0);
      for (std::int64_t k = 0; k < n_input; ++k)
        sum = sum + start.matrix[i * n_input + k] * load(input + k * n_lane);
      store(u + i * n_lane, sum);
    }
  }
  JPO_KERNEL void start_state_transposed(const double* lambda, double* g) const {
    const std::int64_t n_input = start.n_input;
    for (std::int64_t k = 0; k < n_input; ++k) {
      Lanes sum = lanes_of(0.0);
      for (std::int64_t i = 0; i < sweeps.grid.n; ++i)
        sum = sum + start.matrix[i * n_input + k] * load(lambda + i * n_lane);
      store(g + k * n_lane, sum);
    }
  }

  JPO_KERNEL void observe(const double* states, double* y) const {
    observed.read(states, y);
    for (std::int64_t k = observed.n_channel * observed.n_point; k < n_observation; ++k)
      store(y + k * n_lane, lanes_of(0.0));
  }
};

}  // namespace jpo::kuramoto_sivashinsky
