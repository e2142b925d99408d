#include "solving/best_so_far.hpp"

#include <cmath>

#include "core/statistics.hpp"

namespace jpo {
namespace {

std::array<double, 5> quantiles_of(const std::vector<double>& losses) {
  return {quantile(losses, 0.05), quantile(losses, 0.25), quantile(losses, 0.5),
          quantile(losses, 0.75), quantile(losses, 0.95)};
}

}  // namespace

std::array<double, 5> best_loss_quantiles(const MethodResult& result, MPI_Comm comm) {
  return quantiles_of(sorted_finite(gather_rows(result.loss, comm)));
}

History::Entry best_so_far(std::int64_t iteration, const MethodResult& result, const Task& task) {
  const std::vector<double> losses = sorted_finite(gather_rows(result.loss, task.comm));
  std::int64_t failed = 0;
  std::vector<double> solves;
  for (const std::int64_t row : task.usable) {
    solves.push_back(result.ledger.solves(row));
    failed += std::isfinite(result.loss[static_cast<std::size_t>(row)]) ? 0 : 1;
  }
  History::Entry entry;
  entry.iteration = iteration;
  entry.loss_mean = mean(losses);
  entry.loss_quantiles = quantiles_of(losses);
  entry.failed = reduce_sum(failed, task.comm);
  entry.gradient_evaluations = 0.5 * mean(gather_rows(solves, task.comm));
  return entry;
}

}  // namespace jpo
