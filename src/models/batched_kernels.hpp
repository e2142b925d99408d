#pragma once
// The kernels of a physics (batched_model.hpp). They call the physics for each block or problem,
// and copy rows to lanes and back for blocks. Only for sources that a CUDA build compiles for the
// device: *_kernels.cpp.

#include <memory>

#include "lanes/lanes.hpp"
#include "models/batched_model.hpp"

namespace jpo {

template <class Physics>
struct LaneSolve {
  Physics physics;
  BatchMemory memory;
  BatchRows<const double> c, m;
  BatchRows<double> y;
  JPO_KERNEL void operator()(std::int64_t block) const {
    const BlockMemory at = memory.block(block);
    double* c_lanes = memory.rows(block);
    double* y_lanes = c_lanes + c.n_component() * n_lane;
    load_block(m, block, at.m);
    load_block(c, block, c_lanes);
    for_each_lane([&](std::int64_t lane) { at.status[lane] = SolveStatus::converged; });
    physics.solve(at, c_lanes, y_lanes);
    store_block(y_lanes, block, y);
  }
};

template <class Physics>
struct LaneAdjoint {
  Physics physics;
  BatchMemory memory;
  BatchRows<const double> w;
  BatchRows<double> g;
  JPO_KERNEL void operator()(std::int64_t block) const {
    double* w_lanes = memory.rows(block);
    double* g_lanes = w_lanes + w.n_component() * n_lane;
    load_block(w, block, w_lanes);
    physics.adjoint(memory.block(block), w_lanes, g_lanes);
    store_block(g_lanes, block, g);
  }
};

template <class Physics>
struct LaneTangent {
  Physics physics;
  BatchMemory memory;
  BatchRows<const double> v;
  BatchRows<double> dy;
  JPO_KERNEL void operator()(std::int64_t block) const {
    double* v_lanes = memory.rows(block);
    double* dy_lanes = v_lanes + v.n_component() * n_lane;
    load_block(v, block, v_lanes);
    physics.tangent(memory.block(block), v_lanes, dy_lanes);
    store_block(dy_lanes, block, dy);
  }
};

template <class Physics>
struct ProblemSolve {
  Physics physics;
  BatchMemory memory;
  BatchRows<const double> c, m;
  BatchRows<double> y;
  JPO_KERNEL void operator()(std::int64_t block) const {
    for_each_problem(block, y.n_problem(), [&](std::int64_t problem) {
      const std::span<const double> row = m.row(problem);
      for (std::size_t k = 0; k < row.size(); ++k) memory.parameters(problem)[k] = row[k];
      memory.status[problem] =
          physics.solve(memory.problem(problem), c.row(problem), y.row(problem));
    });
  }
};

template <class Physics>
struct ProblemAdjoint {
  Physics physics;
  BatchMemory memory;
  BatchRows<const double> w;
  BatchRows<double> g;
  JPO_KERNEL void operator()(std::int64_t block) const {
    for_each_problem(block, g.n_problem(), [&](std::int64_t problem) {
      physics.adjoint(memory.problem(problem), w.row(problem), g.row(problem));
    });
  }
};

template <class Physics>
struct ProblemTangent {
  Physics physics;
  BatchMemory memory;
  BatchRows<const double> v;
  BatchRows<double> dy;
  JPO_KERNEL void operator()(std::int64_t block) const {
    for_each_problem(block, dy.n_problem(), [&](std::int64_t problem) {
      physics.tangent(memory.problem(problem), v.row(problem), dy.row(problem));
    });
  }
};

/// Launches the three kernels of a physics, for blocks or for problems.
template <class Physics, template <class> class Solve, template <class> class Adjoint,
          template <class> class Tangent>
class PhysicsKernels final : public BatchKernels {
  static constexpr bool kHasTangent = requires { &Physics::tangent; };

 public:
  PhysicsKernels(const Physics& physics, std::int64_t n_together)
      : BatchKernels(n_together, physics.sizes(), kHasTangent), physics_(physics) {}

  void solve(MemorySpace space, const BatchMemory& memory, BatchRows<const double> c,
             BatchRows<const double> m, BatchRows<double> y) const override {
    launch(space, n_block_of(y.n_problem()), Solve<Physics>{physics_, memory, c, m, y});
  }
  void adjoint(MemorySpace space, const BatchMemory& memory, BatchRows<const double> w,
               BatchRows<double> g) const override {
    launch(space, n_block_of(g.n_problem()), Adjoint<Physics>{physics_, memory, w, g});
  }
  void tangent([[maybe_unused]] MemorySpace space, [[maybe_unused]] const BatchMemory& memory,
               [[maybe_unused]] BatchRows<const double> v,
               [[maybe_unused]] BatchRows<double> dy) const override {
    if constexpr (kHasTangent)
      launch(space, n_block_of(dy.n_problem()), Tangent<Physics>{physics_, memory, v, dy});
  }

 private:
  Physics physics_;
};

template <class Physics>
std::unique_ptr<BatchKernels> lane_kernels(const Physics& physics) {
  return std::make_unique<PhysicsKernels<Physics, LaneSolve, LaneAdjoint, LaneTangent>>(physics,
                                                                                        n_lane);
}

template <class Physics>
std::unique_ptr<BatchKernels> problem_kernels(const Physics& physics) {
  return std::make_unique<PhysicsKernels<Physics, ProblemSolve, ProblemAdjoint, ProblemTangent>>(
      physics, 1);
}

}  // namespace jpo
