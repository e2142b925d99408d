#pragma once
// Base class of a model that solves many problems in one kernel, on the host and on a device. A
// derived class provides the shape, the prior and a physics. The base class owns the memory, copies
// rows to and from lanes, launches the kernels and keeps the states of the last solve.
//
// A physics is a struct of numbers and pointers. Its functions are JPO_KERNEL. It has one of two
// forms:
//
//   lane_kernels(physics): for a block of interleaved problems, values [component][lane]
//     void solve(const BlockMemory& at, const double* c, double* y) const;
//     void adjoint(const BlockMemory& at, const double* w, double* g) const;
//     void tangent(const BlockMemory& at, const double* v, double* dy) const;      (optional)
//   problem_kernels(physics): for one problem, if problems take different branches
//     SolveStatus solve(const ProblemMemory& at, std::span<const double> c, std::span<double> y)
//     void adjoint(const ProblemMemory& at, std::span<const double> w, std::span<double> g)
//     void tangent(const ProblemMemory& at, std::span<const double> v, std::span<double> dy)
//
// and, on the host, `PhysicsSizes sizes() const`. lane_kernels or problem_kernels must be
// instantiated in a source named *_kernels.cpp, which a CUDA build compiles for the device. This
// can be the file of the model itself (wave_packet, the shortest example). nvcc cannot compile fmt:
// if the model uses it, the instantiation is in a second file (darcy, an example in lanes).

#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lanes/lanes.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// Doubles that a physics needs for one block (lane_kernels) or one problem (problem_kernels).
struct PhysicsSizes {
  /// Written by solve, read by adjoint and tangent.
  std::int64_t states = 0;
  /// Work space of one call. On the host all blocks share it.
  std::int64_t scratch = 0;
  /// Work space of tangent only, allocated when the first tangent is computed.
  std::int64_t tangent_scratch = 0;
};

/// The memory of one block.
struct BlockMemory {
  /// Parameters of the last solve [component][lane].
  double* m;
  double* states;
  double* scratch;
  double* tangent_scratch;
  /// [lane]; `converged` when solve is called.
  SolveStatus* status;
};

/// The memory of one problem.
struct ProblemMemory {
  std::int64_t problem;
  /// Parameters of the last solve.
  std::span<const double> m;
  double* states;
  double* scratch;
};

/// Sets the status of lanes to `mark` if check[lane] is NaN or infinite.
JPO_KERNEL inline void mark_not_finite(const double* check, SolveStatus mark, SolveStatus* status) {
  for_each_lane([&](std::int64_t lane) {
    if (!std::isfinite(check[lane])) status[lane] = mark;
  });
}

/// The memory of a batch, divided into units: blocks or problems.
struct BatchMemory {
  std::int64_t n_unit = 0;
  /// [unit][m_size]
  double* m = nullptr;
  std::int64_t m_size = 0;
  /// [unit][states_size]
  double* states = nullptr;
  std::int64_t states_size = 0;
  /// For each unit the lanes of its rows, then the work space of the physics.
  BlockScratch scratch{};
  std::int64_t rows_size = 0;
  BlockScratch tangent_scratch{};
  SolveStatus* status = nullptr;

  JPO_KERNEL double* rows(std::int64_t block) const { return scratch.of(block); }
  JPO_KERNEL BlockMemory block(std::int64_t block) const {
    return {m + block * m_size, states + block * states_size, scratch.of(block) + rows_size,
            tangent_scratch.of(block), status + block * n_lane};
  }
  JPO_KERNEL double* parameters(std::int64_t problem) const { return m + problem * m_size; }
  JPO_KERNEL ProblemMemory problem(std::int64_t problem) const {
    return {problem,
            {parameters(problem), static_cast<std::size_t>(m_size)},
            states + problem * states_size,
            scratch.of(problem)};
  }
};

/// Launches the kernels of one physics.
class BatchKernels {
 public:
  /// `n_together`: problems per unit of memory.
  BatchKernels(std::int64_t n_together, const PhysicsSizes& sizes, bool has_tangent)
      : n_together_(n_together), sizes_(sizes), has_tangent_(has_tangent) {}
  BatchKernels(const BatchKernels&) = delete;
  BatchKernels& operator=(const BatchKernels&) = delete;
  BatchKernels(BatchKernels&&) = delete;
  BatchKernels& operator=(BatchKernels&&) = delete;
  virtual ~BatchKernels() = default;

  std::int64_t n_together() const { return n_together_; }
  const PhysicsSizes& sizes() const { return sizes_; }
  bool has_tangent() const { return has_tangent_; }

  virtual void solve(MemorySpace space, const BatchMemory& memory, BatchRows<const double> c,
                     BatchRows<const double> m, BatchRows<double> y) const = 0;
  virtual void adjoint(MemorySpace space, const BatchMemory& memory, BatchRows<const double> w,
                       BatchRows<double> g) const = 0;
  virtual void tangent(MemorySpace space, const BatchMemory& memory, BatchRows<const double> v,
                       BatchRows<double> dy) const = 0;

 private:
  std::int64_t n_together_;
  PhysicsSizes sizes_;
  bool has_tangent_;
};

/// Defined in batched_kernels.hpp, for sources named *_kernels.cpp.
template <class Physics>
std::unique_ptr<BatchKernels> lane_kernels(const Physics& physics);
template <class Physics>
std::unique_ptr<BatchKernels> problem_kernels(const Physics& physics);

/// Not collective. adjoint() and tangent() throw std::logic_error if the number of problems is not
/// that of the last solve.
class BatchedModel : public ForwardModel {
 public:
  const ModelShape& shape() const override { return shape_; }
  /// A derived class may override it to change its physics first.
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override;
  void adjoint(const Batch& w, Batch& g) override;
  void tangent(const Batch& v, Batch& dy) override;

 protected:
  explicit BatchedModel(MemorySpace space);

  /// Sets the kernels for the next solve and its adjoint and tangent. Reads the sizes of m, c and y
  /// from shape_. Sets has_tangent, state_block and, if they are 0, state_bytes and tangent_bytes
  /// in shape_.
  void set_kernels(std::unique_ptr<BatchKernels> kernels);

  /// Copies n values [component] of one problem from the states of its block to the host. Only for
  /// lane_kernels. `first`: offset of the first value in the states of the block, in doubles.
  std::vector<double> read_states(std::int64_t problem, std::int64_t first, std::int64_t n) const;

  MemorySpace space() const { return shape_.space; }

  ModelShape shape_;

 private:
  /// Throws std::logic_error if the number of problems is not that of the last solve.
  void check_count(const Batch& a, const Batch& b) const;
  void reserve(std::int64_t n_problem);

  std::unique_ptr<BatchKernels> kernels_;
  LaneBuffer m_, states_;
  ScratchBuffer scratch_, tangent_scratch_;
  GrowingArray<SolveStatus> status_;
  BatchMemory memory_;
  std::int64_t n_solved_ = 0;
};

}  // namespace jpo
