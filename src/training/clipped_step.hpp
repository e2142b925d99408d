#pragma once
#include <span>
#include <vector>

#include "training/joint_gradient.hpp"

namespace jpo {

/// Optimizer steps of one network along joint gradients. A gradient is first divided by `unit`. If
/// its norm is then above `clip_norm`, it is shortened to that norm (0: no clipping). Not
/// collective.
class ClippedStep {
 public:
  ClippedStep(const Task& task, Network& network, double clip_norm, double unit)
      : task_(task), network_(network), clip_norm_(clip_norm), unit_(unit) {}

  /// Takes one step along `gradient` [n_weight]; sum.gradient_norm must be its norm.
  void take(std::span<const double> gradient, const JointSum& sum, double learning_rate);

 private:
  const Task& task_;
  Network& network_;
  double clip_norm_;
  double unit_;
  std::vector<double> scaled_;
};

}  // namespace jpo
