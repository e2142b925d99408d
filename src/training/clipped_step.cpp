#include "training/clipped_step.hpp"

#include <algorithm>

namespace jpo {

void ClippedStep::take(std::span<const double> gradient, const JointSum& sum,
                       double learning_rate) {
  const auto scope = task_.timer.scope(Phase::optimizer);
  double factor = 1.0 / unit_;
  const double norm = sum.gradient_norm * factor;
  if (clip_norm_ > 0.0 && norm > clip_norm_) factor *= clip_norm_ / norm;
  scaled_.resize(gradient.size());
  std::ranges::transform(gradient, scaled_.begin(),
                         [factor](double value) { return value * factor; });
  network_.step(scaled_, learning_rate);
}

}  // namespace jpo
