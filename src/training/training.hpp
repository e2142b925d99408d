#pragma once
// Training of one shared network on a TrainingSet: predict -> evaluate -> backward -> all-reduce ->
// clip -> step -> record.
//
// Clip thresholds are in units of TrainingSet::clip_unit(), the mean loss at the start
// for a misfit, so that one threshold suits all models. Gradients are divided by this unit before
// the optimizer step. Adam's steps do not depend on the scale of the gradients (except by epsilon).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "network/parameter_map.hpp"
#include "solving/method.hpp"
#include "solving/method_traits.hpp"
#include "solving/run_inputs.hpp"
#include "solving/task.hpp"
#include "training/clipped_step.hpp"
#include "training/joint_gradient.hpp"
#include "training/learning_rate.hpp"
#include "training/stop_rule.hpp"
#include "training/training_set.hpp"

namespace jpo {

/// The keys of every method that trains a network.
struct TrainingSettings : Settings {
  std::int64_t updates = 600;
  double max_evaluations = 0.0;
  double max_seconds = 0.0;
  std::int64_t patience = 0;
  std::int64_t mini_batch = 0;
  double clip_norm = 0.01;
  double clip_problem = 0.0;
  std::int64_t history_every = 10;
  std::int64_t gradient_samples = 0;
  bool gradient_alignment = false;
  std::int64_t snapshots = 0;
  LearningRateSettings learning_rate;
  OptimizerSettings optimizer;
  void describe(KeyTable& table) override;
  TrainingLimits limits() const { return {updates, max_evaluations, max_seconds, patience}; }
};

/// A method that trains the network of the deck on a set. A step is one update. The answer of a
/// problem is the best one recorded during the training or at its end, when the last weights are
/// evaluated.
class Training : public Method {
 public:
  static MethodTraits traits(const TrainingSettings& /*settings*/) {
    return {.trains_network = true, .keeps_answers_with_model = true};
  }
  /// Throws BadInput if gradient_alignment is set and no truth is known.
  static void check_inputs(const std::string& name, const TrainingSettings& settings,
                           const RunInputs& inputs);

  /// Collective on task.comm.
  Training(const TrainingSettings& settings, const Task& task, std::unique_ptr<TrainingSet> set);

  void step(SafePoint& safe_point) override;
  bool is_done() const override { return stop_.has_value(); }
  void answer() override;
  void archive(StateArchive& archive) override;
  StepReport report() const override;

 protected:
  /// The answers of the untrained network are the problems' own starts, if they have any.
  void start_at_own_starts() {
    if (task_.start != nullptr)
      network_.set_offsets(
          start_offsets(shape_.parameters, task_.network.output_map, *task_.start));
  }

 private:
  History::Entry measure(const JointSum& sum);
  void keep_snapshot(std::int64_t n_update);

  const TrainingSettings& settings_;
  const Task& task_;
  std::unique_ptr<TrainingSet> set_;
  std::int64_t batch_rows_;
  NetworkShape shape_;
  Network network_;
  JointGradient joint_;
  LearningRate rate_;
  StopRule stop_rule_;
  double clip_unit_;
  ClippedStep step_;
  double evaluations_ = 0.0;
  std::int64_t n_update_ = 0;
  std::optional<StopReason> stop_;
  // Results of the last update.
  JointSum sum_;
  bool is_recorded_ = false;
  History::Entry entry_;
};

}  // namespace jpo
