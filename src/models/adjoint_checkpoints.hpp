#pragma once
// Checkpoints of a time loop for its adjoint, on two levels: every stride-th state is kept. The
// adjoint recomputes the states between two kept ones, one segment at a time (the first two levels
// of Griewank, Walther 2000, doi 10.1145/347837.347846).

#include <algorithm>
#include <cstdint>

#include "core/device/memory_space.hpp"

namespace jpo {

/// A two-step scheme resumes from a state and the rate of the step before it. With stride > 1 both
/// are kept.
struct Checkpoints {
  std::int64_t n_step = 0;
  std::int64_t stride = 1;

  JPO_KERNEL std::int64_t n_segment() const { return (n_step + stride - 1) / stride; }
  JPO_KERNEL std::int64_t segment_begin(std::int64_t segment) const { return segment * stride; }
  JPO_KERNEL std::int64_t segment_end(std::int64_t segment) const {
    return std::min(n_step, (segment + 1) * stride);
  }
  JPO_KERNEL bool keeps(std::int64_t step) const { return step % stride == 0 || step == n_step; }
  JPO_KERNEL bool keeps_rates() const { return stride > 1; }
  /// Returns the position of a kept state in the record, in states. Its rate, if kept, follows it.
  JPO_KERNEL std::int64_t record_position(std::int64_t step) const {
    return (step + stride - 1) / stride * (keeps_rates() ? 2 : 1);
  }
  /// Returns the number of states and rates in the record of a block.
  JPO_KERNEL std::int64_t n_record() const { return record_position(n_step) + 1; }
  /// Returns the number of states inside a segment, which are recomputed.
  JPO_KERNEL std::int64_t n_between() const { return stride - 1; }
  /// Returns the number of states and rates in memory.
  JPO_KERNEL std::int64_t n_state() const { return n_record() + n_between(); }
  /// Returns the number of forward steps of a solve and its adjoint, divided by n_step.
  double recompute_factor() const {
    if (stride == 1) return 1.0;
    return 2.0 - static_cast<double>(n_segment()) / static_cast<double>(n_step);
  }
};

/// Returns the stride with the least memory: about the square root of 2 n_step.
inline Checkpoints least_checkpoints(std::int64_t n_step) {
  Checkpoints best{n_step, 1};
  for (std::int64_t stride = 2; stride <= n_step; ++stride) {
    const Checkpoints tried{n_step, stride};
    if (tried.n_state() < best.n_state()) best = tried;
  }
  return best;
}

/// Returns the smallest stride with at most `n_state` states, or the one with the least memory if
/// there is none.
inline Checkpoints fit_checkpoints(std::int64_t n_step, std::int64_t n_state) {
  for (std::int64_t stride = 1; stride <= n_step; ++stride)
    if (Checkpoints{n_step, stride}.n_state() <= n_state) return {n_step, stride};
  return least_checkpoints(n_step);
}

}  // namespace jpo
