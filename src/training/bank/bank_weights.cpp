#include "training/bank/bank_weights.hpp"

#include <algorithm>
#include <cmath>

#include "core/statistics.hpp"

namespace jpo {
namespace {

double chi(double loss, double floor, double spread) {
  if (loss <= floor) return 1.0;
  return spread > 0.0 ? std::exp(-(loss - floor) / spread) : 0.0;
}

double rank(double loss, const std::vector<double>& sorted) {
  const auto n_lower = std::ranges::lower_bound(sorted, loss) - sorted.begin();
  return std::pow(1.0 - static_cast<double>(n_lower) / static_cast<double>(sorted.size()), 12);
}

}  // namespace

std::vector<std::string> bank_weightings() {
  return {"chi", "rank", "equal"};
}

std::vector<double> bank_weights(const std::string& weighting, std::span<const double> loss,
                                 const BankedLosses& all) {
  const double floor = quantile(all.sorted, 0.05);
  const double spread = 2.0 * floor * std::sqrt(2.0 / static_cast<double>(all.n_observation)) +
                        1e-3 * all.loss_reference;
  std::vector<double> weight(loss.size());
  std::ranges::transform(loss, weight.begin(), [&](double value) {
    if (!std::isfinite(value)) return 0.0;
    if (weighting == "rank") return rank(value, all.sorted);
    return weighting == "chi" ? chi(value, floor, spread) : 1.0;
  });
  return weight;
}

}  // namespace jpo
