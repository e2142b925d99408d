#include "solving/best_so_far.hpp"

#include <cmath>

#include "core/statistics.hpp"

namespace jpo {

History::Entry best_so_far(const Task& task) {
  const MethodResult& result = task.result;
  const std::vector<double> losses = sorted_finite(gather_rows(result.loss, task.comm));
  std::int64_t failed = 0;
  std::vector<double> solves;
  for (const std::int64_t row : task.usable) {
    solves.push_back(result.ledger.solves(row));
    failed += std::isfinite(result.loss[row]) ? 0 : 1;
  }
  History::Entry entry;
  entry.loss_mean = mean(losses);
  entry.loss_quantiles = {quantile(losses, 0.05), quantile(losses, 0.25), quantile(losses, 0.5),
                          quantile(losses, 0.75), quantile(losses, 0.95)};
  entry.failed = static_cast<double>(reduce_sum(failed, task.comm));
  entry.gradient_evaluations = 0.5 * mean(gather_rows(solves, task.comm));
  return entry;
}

}  // namespace jpo
