#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "core/device/state_archive.hpp"
#include "solving/result.hpp"
#include "training/joint_gradient.hpp"

namespace jpo {

/// Limits of a training; 0 means no limit, except for n_update.
struct TrainingLimits {
  std::int64_t n_update = 1;
  /// Mean gradient evaluations per problem.
  double max_evaluations = 0.0;
  /// [s]
  double max_seconds = 0.0;
  /// Updates without a lower mean loss.
  std::int64_t patience = 0;
};

/// Decides when a training ends. All ranks stop at the same update because they have the same sums.
class StopRule {
 public:
  explicit StopRule(const TrainingLimits& limits) : limits_(limits) {}

  /// Returns the reason to stop after `n_update` updates, or nothing if training continues.
  /// `evaluations`: mean gradient evaluations per problem so far. Called after each update.
  std::optional<StopReason> after(std::int64_t n_update, double evaluations, const JointSum& sum);

  void archive(StateArchive& archive, const std::string& name) {
    archive.shared(name + "/best_loss", best_loss_);
    archive.shared(name + "/best_update", best_update_);
    archive.shared(name + "/evaluations_before", evaluations_before_);
  }

 private:
  TrainingLimits limits_;
  double best_loss_ = std::numeric_limits<double>::infinity();
  std::int64_t best_update_ = 0;
  double evaluations_before_ = 0.0;
};

}  // namespace jpo
