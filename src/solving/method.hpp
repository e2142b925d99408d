#pragma once
// The contract of a method: one way to solve the set of problems, step by step. The loop (loop.hpp)
// drives every method; methods/method.hpp registers them.

#include <cstdint>
#include <string>

#include "core/device/state_archive.hpp"
#include "solving/interruptions.hpp"
#include "solving/result.hpp"

namespace jpo {

/// The state of a method's course, for the progress line and the history.
struct StepReport {
  /// Steps done, and in all, in this unit ("updates", "evaluations").
  std::int64_t n_done = 0;
  std::int64_t n_total = 0;
  std::string unit{};
  /// More numbers for the progress line.
  std::string detail{};
  /// False: the history gets no entry for this step.
  bool is_recorded = true;
  /// Columns of the history that only the method knows. The loop fills the iteration, the
  /// quantiles, and, if they are NaN, loss_mean, failed and gradient_evaluations.
  History::Entry entry{};
};

/// One run of a method on the problems of this rank. Its constructor takes (settings, task), both
/// of which outlive it; it may be collective. A method asks task.objective for losses and
/// gradients, and records what it evaluates in task.result, which keeps the best answers and all
/// counts.
class Method {
 public:
  Method() = default;
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;
  Method(Method&&) = delete;
  Method& operator=(Method&&) = delete;
  virtual ~Method() = default;

  /// Work before the first step; not called in a resumed job. Collective.
  virtual void init() {}
  /// One step; the loop can interrupt the method after it. Collective.
  virtual void step(SafePoint& safe_point) = 0;
  /// True if no step is left; the same on all ranks.
  virtual bool is_done() const = 0;
  /// Completes task.result after the last step. A method that knows why a solve ended sets
  /// task.result.reason; the loop sets updates_done for a problem that has an answer and no reason.
  /// Collective.
  virtual void answer() {}
  /// Writes or reads the method's own state at a safe point, under any names but loop/... . The
  /// loop archives task.result before it, and the objective's counters after it. Collective.
  virtual void archive(StateArchive& /*archive*/) {}
  /// Describes the last step. Not collective.
  virtual StepReport report() const = 0;
};

}  // namespace jpo
