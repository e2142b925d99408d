#pragma once
#include <span>
#include <vector>

#include "training/joint_gradient.hpp"

namespace jpo {

/// Optimizer steps of one network along joint gradients divided by `unit`, where they are longer
/// than `clip_norm` shortened to it (0: never). Not collective.
class ClippedStep {
 public:
  ClippedStep(const Task& task, Network& network, double clip_norm, double unit)
      : task_(task), network_(network), clip_norm_(clip_norm), unit_(unit) {}

  /// `gradient` [n_weight] is that of `sum`.
  void take(std::span<const double> gradient, const JointSum& sum, double learning_rate);

 private:
  const Task& task_;
  Network& network_;
  double clip_norm_;
  double unit_;
  std::vector<double> scaled_;
};

}  // namespace jpo
