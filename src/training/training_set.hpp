#pragma once
// The data of a training: inputs of the network, and loss and gradient of its answers.

#include <cstdint>
#include <span>

#include "core/device/batch.hpp"
#include "inverse/objective.hpp"
#include "solving/task.hpp"

namespace jpo {

/// Rows are the local problems of this rank. Not collective.
class TrainingSet {
 public:
  TrainingSet() = default;
  TrainingSet(const TrainingSet&) = delete;
  TrainingSet& operator=(const TrainingSet&) = delete;
  TrainingSet(TrainingSet&&) = delete;
  TrainingSet& operator=(TrainingSet&&) = delete;
  virtual ~TrainingSet() = default;

  /// Prepares the inputs of an update.
  virtual void begin(std::int64_t /*update*/) {}
  virtual const Batch& observation() const = 0;
  virtual const Batch& context() const = 0;
  /// Returns the rows that the network can be trained on in this update, ascending.
  virtual std::span<const std::int64_t> usable() const = 0;

  /// Computes loss, outcome and dloss/dm of the network's answers m.row(k) to rows[k]; may change m
  /// (exploration). If the set consists of the problems themselves, counts the solves and keeps the
  /// best answers in `result`.
  virtual void evaluate(std::int64_t update, std::span<const std::int64_t> rows, Batch& m,
                        MethodResult& result, Evaluation& evaluation) = 0;

  /// Serializes the state that is kept between updates.
  virtual void archive(StateArchive& /*archive*/, const std::string& /*name*/) {}

  /// Returns the number of gradient evaluations per evaluated row.
  virtual double evaluation_cost() const { return 1.0; }
  /// Returns the unit of clip thresholds: the typical loss before training.
  virtual double clip_unit() const { return 1.0; }
};

}  // namespace jpo
