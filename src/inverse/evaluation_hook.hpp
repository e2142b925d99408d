#pragma once
// The one way to look at the evaluations of an Objective, or to change them.

#include <cstdint>
#include <span>

#include "core/device/batch.hpp"
#include "inverse/outcome.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// Problems that the model solves at once. Entry k of a batch belongs to:
struct SolvedProblems {
  /// its position in the request,
  std::span<const std::int64_t> slots;
  /// and its local row.
  std::span<const std::int64_t> rows;
};

class EvaluationHook {
 public:
  EvaluationHook() = default;
  EvaluationHook(const EvaluationHook&) = delete;
  EvaluationHook& operator=(const EvaluationHook&) = delete;
  EvaluationHook(EvaluationHook&&) = delete;
  EvaluationHook& operator=(EvaluationHook&&) = delete;
  virtual ~EvaluationHook() = default;

  /// Called once per request, before anything is solved: local rows by slot. A problem with
  /// is_masked[slot] = 1 is neither solved nor counted.
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
