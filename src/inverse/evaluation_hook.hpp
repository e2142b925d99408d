#pragma once
// Interface that observes or changes the evaluations of an Objective.

#include <cstdint>
#include <span>

#include "core/device/batch.hpp"
#include "inverse/outcome.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// Problems that one call of the model solves, in the order of its batches.
struct SolvedProblems {
  /// Position of each problem in the request.
  std::span<const std::int64_t> slots;
  /// Local row of each problem.
  std::span<const std::int64_t> rows;
};

/// Not collective. Registered by Objective::HookScope.
class EvaluationHook {
 public:
  EvaluationHook() = default;
  EvaluationHook(const EvaluationHook&) = delete;
  EvaluationHook& operator=(const EvaluationHook&) = delete;
  EvaluationHook(EvaluationHook&&) = delete;
  EvaluationHook& operator=(EvaluationHook&&) = delete;
  virtual ~EvaluationHook() = default;

  /// Called once per request, before the first solve. rows[slot] is the local row of each problem.
  /// A problem with is_masked[slot] = 1 is neither solved nor counted.
  virtual void begin(std::span<const std::int64_t> /*rows*/,
                     std::span<std::uint8_t> /*is_masked*/) {}
  /// Called before the model; may change m.
  virtual void before_solve(const SolvedProblems& /*solved*/, Batch& /*m*/) {}
  /// Called after the model; may change y and the status.
  virtual void after_solve(const SolvedProblems& /*solved*/, Batch& /*y*/,
                           std::span<SolveStatus> /*status*/) {}
  /// Called after the misfit, with the outcomes by slot. m and y must not be changed.
  virtual void after_misfit(const SolvedProblems& /*solved*/, const Batch& /*m*/,
                            const Batch& /*y*/, std::span<const Outcome> /*outcome*/) {}
};

}  // namespace jpo
