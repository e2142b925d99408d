#include "solving/loss_course.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace jpo {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

}  // namespace

LossCourse::LossCourse(std::int64_t n_problem, double max_evaluations) {
  for (double power = 1.0; evaluations_.empty() || evaluations_.back() < max_evaluations;
       power *= 2.0) {
    evaluations_.push_back(power);
    if (power > 1.0 && power < max_evaluations) evaluations_.push_back(1.5 * power);
  }
  best_.assign(static_cast<std::size_t>(n_problem) * evaluations_.size(), kNone);
}

void LossCourse::record(std::int64_t row, double n_evaluation, double best_loss) {
  if (evaluations_.empty() || std::isnan(best_loss)) return;
  const auto at = std::ranges::lower_bound(evaluations_, n_evaluation);
  if (at == evaluations_.end()) return;
  best_[static_cast<std::size_t>(row) * evaluations_.size() +
        static_cast<std::size_t>(at - evaluations_.begin())] = best_loss;
}

void LossCourse::restart(std::int64_t row) {
  std::fill_n(best_.begin() + row * std::ssize(evaluations_), evaluations_.size(), kNone);
}

std::vector<double> LossCourse::best_after(std::size_t k) const {
  const std::size_t n = evaluations_.size();
  std::vector<double> best(best_.size() / n, kNone);
  for (std::size_t row = 0; row < best.size(); ++row)
    for (std::size_t j = 0; j <= k; ++j) best[row] = std::fmin(best[row], best_[row * n + j]);
  return best;
}

void LossCourse::archive(StateArchive& archive, const std::string& name, std::int64_t n_problem) {
  archive.shared(name + "/evaluations", evaluations_);
  if (archive.is_reading())
    best_.assign(static_cast<std::size_t>(n_problem) * evaluations_.size(), kNone);
  archive.by_problem(name + "/best", std::span<double>(best_));
}

}  // namespace jpo
