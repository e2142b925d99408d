#include "models/batched_model.hpp"

#include <stdexcept>

namespace jpo {

BatchedModel::BatchedModel(MemorySpace space)
    : m_(space), states_(space), scratch_(space), tangent_scratch_(space), status_(space) {
  shape_.space = space;
}

void BatchedModel::set_kernels(std::unique_ptr<BatchKernels> kernels) {
  kernels_ = std::move(kernels);
  const PhysicsSizes& sizes = kernels_->sizes();
  const std::int64_t n = kernels_->n_together();
  const std::int64_t n_row =
      shape_.context.size() + shape_.parameters.size() + shape_.observation.size();
  memory_.m_size = n * shape_.parameters.size();
  memory_.states_size = sizes.states;
  memory_.rows_size = n == n_lane ? n_row * n_lane : 0;
  shape_.has_tangent = kernels_->has_tangent();
  shape_.state_block = n;
  // Each block of a device has its own work space.
  const bool shared = shares_scratch(space());
  const std::int64_t kept =
      memory_.m_size + memory_.states_size + (shared ? 0 : memory_.rows_size + sizes.scratch);
  const auto bytes = [&](std::int64_t size) {
    return static_cast<double>(size) / static_cast<double>(n) * sizeof(double);
  };
  if (shape_.state_bytes == 0.0) shape_.state_bytes = bytes(kept);
  if (shape_.tangent_bytes == 0.0 && !shared) shape_.tangent_bytes = bytes(sizes.tangent_scratch);
}

void BatchedModel::reserve(std::int64_t n_problem) {
  const std::int64_t n = kernels_->n_together();
  const std::int64_t n_unit = (n_problem + n - 1) / n;
  n_solved_ = n_problem;
  m_.reserve(n_unit * memory_.m_size);
  states_.reserve(n_unit * memory_.states_size);
  status_.reserve(n_unit * n);
  memory_.n_unit = n_unit;
  memory_.m = m_.data();
  memory_.states = states_.data();
  memory_.status = status_.data();
  memory_.scratch = scratch_.reserve(n_unit, memory_.rows_size + kernels_->sizes().scratch);
}

void BatchedModel::solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) {
  reserve(m.n_problem());
  kernels_->solve(space(), memory_, c.read(space()), m.read(space()), y.overwrite(space()));
  copy_values(MemorySpace::host, status.data(), space(), memory_.status, n_solved_);
}

void BatchedModel::adjoint(const Batch& w, Batch& g) {
  check_count(w, g);
  kernels_->adjoint(space(), memory_, w.read(space()), g.overwrite(space()));
}

void BatchedModel::tangent(const Batch& v, Batch& dy) {
  if (!shape_.has_tangent) return ForwardModel::tangent(v, dy);
  check_count(v, dy);
  memory_.tangent_scratch =
      tangent_scratch_.reserve(memory_.n_unit, kernels_->sizes().tangent_scratch);
  kernels_->tangent(space(), memory_, v.read(space()), dy.overwrite(space()));
}

void BatchedModel::check_count(const Batch& a, const Batch& b) const {
  if (a.n_problem() != n_solved_ || b.n_problem() != n_solved_)
    throw std::logic_error("the number of problems differs from that of the last solve");
}

std::vector<double> BatchedModel::read_states(std::int64_t problem, std::int64_t first,
                                              std::int64_t n) const {
  const std::int64_t block = problem / n_lane;
  const std::vector<double> lanes = states_.read(block * memory_.states_size + first, n * n_lane);
  std::vector<double> values;
  for (std::int64_t k = 0; k < n; ++k) values.push_back(lanes[k * n_lane + problem % n_lane]);
  return values;
}

}  // namespace jpo
