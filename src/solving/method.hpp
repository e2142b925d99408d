#pragma once
// The contract of a method: one way to solve the set of problems, step by step. The loop (loop.hpp)
// drives every method; methods/method.hpp registers them.

#include <cstdint>
#include <string>

#include "core/device/state_archive.hpp"
#include "solving/interruptions.hpp"
#include "solving/result.hpp"

namespace jpo {

/// The progress of a method, for the progress line and the history.
struct StepReport {
  /// Work done and work in all, in this unit ("updates", "gradient evaluations"). The progress line
  /// shows those of rank 0.
  std::int64_t n_done = 0;
  std::int64_t n_total = 0;
  std::string unit{};
  /// More numbers for the progress line.
  std::string detail{};
  /// False: the history gets no entry for this step.
  bool is_recorded = true;
  /// Columns of the history that the method sets. The loop sets the iteration, the
  /// quantiles, and, if they are NaN, loss_mean, failed and gradient_evaluations.
  History::Entry entry{};
};

/// One run of a method on the problems of this rank. Its constructor takes (settings, task), both
/// of which outlive it; it may be collective. A method evaluates losses and gradients by
/// task.objective and records them in task.result, which keeps the best answers and all counts.
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
  /// Returns true if no step is left; the same on all ranks.
  virtual bool is_done() const = 0;
  /// Completes task.result after the last step. A method can set task.result.reason of a problem;
  /// the loop sets updates_done if a problem has an answer and no reason. Collective.
  virtual void answer() {}
  /// Writes or reads the method's own state at a safe point, under any names except loop/... . The
  /// loop archives task.result before it and the objective's counters after it. Collective.
  virtual void archive(StateArchive& /*archive*/) {}
  /// Describes the last step. Not collective.
  virtual StepReport report() const = 0;
};

}  // namespace jpo
