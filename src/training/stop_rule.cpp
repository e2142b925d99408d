#include "training/stop_rule.hpp"

#include <utility>

namespace jpo {

std::optional<StopReason> StopRule::after(std::int64_t n_update, double evaluations,
                                          const JointSum& sum) {
  if (sum.usable && !(sum.loss_mean >= best_loss_)) {
    best_loss_ = sum.loss_mean;
    best_update_ = n_update;
  }
  if (n_update >= limits_.n_update) return StopReason::updates_done;
  const double next = evaluations - std::exchange(evaluations_before_, evaluations);
  if (limits_.max_evaluations > 0.0 && evaluations + next > limits_.max_evaluations)
    return StopReason::budget_reached;
  if (limits_.max_seconds > 0.0 && sum.seconds >= limits_.max_seconds)
    return StopReason::budget_reached;
  if (limits_.patience > 0 && n_update - best_update_ >= limits_.patience)
    return StopReason::no_progress;
  return std::nullopt;
}

}  // namespace jpo
