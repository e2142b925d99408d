#pragma once
// What a shared network is trained on: inputs, and loss and gradient of its answers.

#include <cstdint>
#include <span>

#include "core/device/batch.hpp"
#include "inverse/objective.hpp"
#include "solving/task.hpp"

namespace jpo {

/// Rows are this rank's, one a problem. Not collective.
class TrainingSet {
 public:
  TrainingSet() = default;
  TrainingSet(const TrainingSet&) = delete;
  TrainingSet& operator=(const TrainingSet&) = delete;
  TrainingSet(TrainingSet&&) = delete;
  TrainingSet& operator=(TrainingSet&&) = delete;
  virtual ~TrainingSet() = default;

  /// Makes inputs ready for an update.
  virtual void begin(std::int64_t /*update*/) {}
  virtual const Batch& observation() const = 0;
  virtual const Batch& context() const = 0;
  /// Rows that can be asked in this update, ascending.
  virtual std::span<const std::int64_t> usable() const = 0;

  /// Loss, outcome and dloss/dm of the network's answers m to `rows`; may move m (exploration).
  /// Counts solves and keeps the best in `result` where the answers are problems' answers.
  virtual void evaluate(std::int64_t update, std::span<const std::int64_t> rows, Batch& m,
                        MethodResult& result, Evaluation& evaluation) = 0;

  /// What it remembers between updates.
  virtual void archive(StateArchive& /*archive*/, const std::string& /*name*/) {}

  /// Gradient evaluations that one evaluated row costs.
  virtual double evaluation_cost() const { return 1.0; }
  /// The unit of clip thresholds: the size of a loss before training.
  virtual double clip_unit() const { return 1.0; }
};

}  // namespace jpo
