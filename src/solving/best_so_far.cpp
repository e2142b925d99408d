#include "solving/best_so_far.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/statistics.hpp"

namespace jpo {

namespace {

// Makes an entry of the losses; counts at most `max_evaluations` evaluations of each problem.
History::Entry entry_of(const std::vector<double>& loss, double max_evaluations, const Task& task) {
  const std::vector<double> losses = sorted_finite(gather_rows(loss, task.comm));
  std::int64_t failed = 0;
  std::vector<double> solves;
  for (const std::int64_t row : task.usable) {
    solves.push_back(std::min(task.result.ledger.solves(row), 2.0 * max_evaluations));
    failed += std::isfinite(loss[row]) ? 0 : 1;
  }
  History::Entry entry;
  entry.loss_mean = mean(losses);
  entry.loss_quantiles = {quantile(losses, 0.05), quantile(losses, 0.25), quantile(losses, 0.5),
                          quantile(losses, 0.75), quantile(losses, 0.95)};
  entry.failed = static_cast<double>(reduce_sum(failed, task.comm));
  entry.gradient_evaluations = 0.5 * mean(gather_rows(solves, task.comm));
  return entry;
}

}  // namespace

History::Entry best_so_far(const Task& task) {
  return entry_of(task.result.loss, std::numeric_limits<double>::infinity(), task);
}

std::vector<History::Entry> entries_of_course(const Task& task, double seconds) {
  std::vector<History::Entry> entries;
  const LossCourse& course = task.result.course;
  const double n_evaluation = best_so_far(task).gradient_evaluations;
  for (std::size_t k = 0; k < course.evaluations().size(); ++k) {
    History::Entry entry = entry_of(course.best_after(k), course.evaluations()[k], task);
    if (std::isnan(entry.loss_mean)) continue;
    entry.iteration = course.evaluations()[k];
    entry.seconds = seconds * entry.gradient_evaluations / n_evaluation;
    entries.push_back(entry);
    if (entry.gradient_evaluations == n_evaluation) break;
  }
  if (entries.empty()) {
    entries.push_back(best_so_far(task));
    entries.back().seconds = seconds;
  }
  return entries;
}

}  // namespace jpo
