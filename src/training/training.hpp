#pragma once
// Training of one shared network: predict -> evaluate -> backward -> all-reduce -> clip -> step ->
// record. What it is trained on is a TrainingSet.
//
// Clip thresholds are in units of the mean loss at the centre of the box, so that they mean the
// same for every model: the gradient is divided by it before Adam, whose steps do not depend on its
// scale.

#include <cstdint>
#include <functional>
#include <string>

#include "solving/task.hpp"
#include "training/learning_rate.hpp"
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
};

/// MethodKind::check_inputs of every method that trains a network: refuses gradient_alignment where
/// no truth is known.
void check_training(const std::string& name, const Settings& settings, const RunInputs& inputs);

/// Trains the deck's network on `set` and answers all problems with it; the answer of a problem is
/// the best that was recorded on the way, a closing evaluation of the last weights included.
/// Collective on task.comm.
MethodResult train(const TrainingSettings& settings, const Task& task, TrainingSet& set);

}  // namespace jpo
