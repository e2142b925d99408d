#include "methods/best_so_far.hpp"

#include <cmath>
#include <limits>

#include "core/statistics.hpp"

namespace jpo {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

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
  std::int64_t solves = 0;
  std::int64_t failed = 0;
  for (const std::int64_t row : task.usable) {
    solves += result.ledger.solves(row);
    failed += std::isfinite(result.loss[static_cast<std::size_t>(row)]) ? 0 : 1;
  }
  return {iteration,
          mean(losses),
          quantiles_of(losses),
          kNaN,
          reduce_sum(failed, task.comm),
          0.5 * static_cast<double>(reduce_sum(solves, task.comm)) /
              static_cast<double>(task.shard.n_problem()),
          kNaN};
}

}  // namespace jpo
