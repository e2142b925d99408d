#include <stdexcept>

#include "models/navier_stokes/steps.hpp"

namespace jpo::navier_stokes {
namespace {

constexpr std::int64_t kParameter = 3;

JPO_KERNEL double* parameters_of(const Flow& flow, std::int64_t block) {
  return flow.parameters + block * kParameter * n_lane;
}
JPO_KERNEL double* record_of(const Flow& flow, std::int64_t block) {
  return flow.records + block * flow.scheme.record_size();
}

// A block's work space: of the scheme and of the impulse, a velocity, what is seen of one, and
// numbers of the unknowns.
struct Workspace {
  double *scheme, *impulse, *velocity, *upper, *unknowns;
};
JPO_KERNEL std::int64_t scratch_size(const Flow& flow) {
  return flow.scheme.scratch_size() + flow.impulse.scratch_size() + flow.scheme.grid.block_size() +
         (flow.upper_half.size() + kParameter) * n_lane;
}
JPO_KERNEL Workspace workspace(const Flow& flow, std::int64_t block) {
  Workspace work{};
  work.scheme = flow.scratch.of(block);
  work.impulse = work.scheme + flow.scheme.scratch_size();
  work.velocity = work.impulse + flow.impulse.scratch_size();
  work.upper = work.velocity + flow.scheme.grid.block_size();
  work.unknowns = work.upper + flow.upper_half.size() * n_lane;
  return work;
}

struct SolveKernel {
  Flow flow;
  BatchRows<const double> c, m;
  BatchRows<double> y;
  double* flags;  ///< [block][lane]
  JPO_KERNEL void operator()(std::int64_t block) const {
    const Workspace work = workspace(flow, block);
    const Scheme& scheme = flow.scheme;
    double* record = record_of(flow, block);
    double* parameters = parameters_of(flow, block);
    load_block(m, block, parameters);
    load_block(c, block, work.upper);
    flow.upper_half.place(work.upper, record);
    flow.impulse.add(parameters, record, work.impulse);
    scheme.forward(record, work.scheme);
    const double* last = record + scheme.place(scheme.grid.n_step);
    flow.upper_half.observe(last, work.upper);
    store_block(work.upper, block, y);
    // A velocity that is not finite stays so: it is enough to look at the last one.
    Lanes sum = lanes_of(0.0);
    for (std::int64_t k = 0; k < scheme.grid.block_size(); k += n_lane)
      sum = sum + 0.0 * load(last + k);
    store(flags + block * n_lane, sum);
  }
};

struct AdjointKernel {
  Flow flow;
  BatchRows<const double> w;
  BatchRows<double> g;
  JPO_KERNEL void operator()(std::int64_t block) const {
    const Workspace work = workspace(flow, block);
    load_block(w, block, work.upper);
    flow.upper_half.observe_transposed(work.upper, work.velocity);
    flow.scheme.adjoint(record_of(flow, block), work.velocity, work.scheme);
    flow.impulse.adjoint(parameters_of(flow, block), work.velocity, work.unknowns, work.impulse);
    store_block(work.unknowns, block, g);
  }
};

struct TangentKernel {
  Flow flow;
  BatchRows<const double> v;
  BatchRows<double> dy;
  JPO_KERNEL void operator()(std::int64_t block) const {
    const Workspace work = workspace(flow, block);
    load_block(v, block, work.unknowns);
    clear_lanes(work.velocity, flow.scheme.grid.block_size());
    flow.impulse.add_tangent(parameters_of(flow, block), work.unknowns, work.velocity,
                             work.impulse);
    flow.scheme.tangent(record_of(flow, block), work.velocity, work.scheme);
    flow.upper_half.observe(work.velocity, work.upper);
    store_block(work.upper, block, dy);
  }
};

}  // namespace

Steps::Steps(const Grid& grid, const Checkpoints& checkpoints, const Ends& ends, MemorySpace space)
    : space_(space),
      projector_(grid, space),
      impulse_rows_(space, impulse_rows(grid, ends.impulse_height, ends.impulse_width)),
      records_(space),
      parameters_(space),
      flags_(space),
      scratch_(space),
      flow_{{grid, checkpoints, projector_.projection()},
            {grid, ends.finer},
            {grid, ends.impulse_width, impulse_rows_.data()},
            nullptr,
            nullptr,
            {}} {}

// On a device each block has its work space at the same time as the others.
double Steps::bytes_per_problem() const {
  const std::int64_t between = checkpoints().n_between() * grid().block_size();
  const std::int64_t work = shares_scratch(space_) ? between : scratch_size(flow_);
  return static_cast<double>(flow_.scheme.record_size() + work) / n_lane * sizeof(double);
}

std::vector<double> Steps::solve(BatchRows<const double> c, BatchRows<const double> m,
                                 BatchRows<double> y) {
  n_solved_ = m.n_problem();
  const std::int64_t n_block = n_block_of(n_solved_);
  records_.reserve(n_block * flow_.scheme.record_size());
  parameters_.reserve(n_block * kParameter * n_lane);
  flags_.reserve(n_block * n_lane);
  flow_.records = records_.data();
  flow_.parameters = parameters_.data();
  flow_.scratch = scratch_.reserve(n_block, scratch_size(flow_));
  launch(space_, n_block, SolveKernel{flow_, c, m, y, flags_.data()});
  return flags_.read(0, n_solved_);
}

void Steps::adjoint(BatchRows<const double> w, BatchRows<double> g) {
  if (g.n_problem() != n_solved_) throw std::logic_error("not the problems of the last solve");
  launch(space_, n_block_of(n_solved_), AdjointKernel{flow_, w, g});
}

void Steps::tangent(BatchRows<const double> v, BatchRows<double> dy) {
  if (v.n_problem() != n_solved_) throw std::logic_error("not the problems of the last solve");
  launch(space_, n_block_of(n_solved_), TangentKernel{flow_, v, dy});
}

std::vector<double> Steps::row_of_v(std::int64_t problem, std::int64_t t, std::int64_t j) const {
  const std::int64_t first = problem / n_lane * flow_.scheme.record_size() + flow_.scheme.place(t) +
                             grid().v_face(0, j) * n_lane;
  const std::vector<double> lanes = records_.read(first, grid().n * n_lane);
  std::vector<double> result;
  for (std::int64_t i = 0; i < grid().n; ++i)
    result.push_back(lanes[static_cast<std::size_t>(i * n_lane + problem % n_lane)]);
  return result;
}

}  // namespace jpo::navier_stokes
