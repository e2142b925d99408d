#include "data/outliers.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/statistics.hpp"
#include "parallel/exact_sum.hpp"

namespace jpo {
namespace {

// One channel of one problem.
struct Row {
  double problem = 0.0;
  double sample = 0.0;
  double value = 0.0;
  /// 99 % of the samples are not larger.
  double usual = 0.0;
};
constexpr std::size_t kNumbers = 4;

Row row_of(std::span<const double> samples, std::int64_t first_sample, std::int64_t problem) {
  std::vector<double> sizes;
  for (const double sample : samples) sizes.push_back(std::abs(sample));
  const auto largest = std::ranges::max_element(sizes) - sizes.begin();
  const auto usual = sizes.begin() + std::ssize(sizes) * 99 / 100 - (std::ssize(sizes) > 1 ? 1 : 0);
  Row row{static_cast<double>(problem), static_cast<double>(first_sample + largest),
          samples[static_cast<std::size_t>(largest)], 0.0};
  std::ranges::nth_element(sizes, usual);
  row.usual = *usual;
  return row;
}

}  // namespace

Outliers find_outliers(const Batch& table, const FieldLayout& layout, const ProblemSet& problems,
                       MPI_Comm comm) {
  Outliers outliers;
  const auto values = table.read();
  for (std::int64_t channel = 0; channel < layout.n_channel; ++channel) {
    std::vector<double> local;
    for (const std::int64_t usable : problems.usable) {
      const auto first = static_cast<std::size_t>(channel * layout.n_grid);
      const Row row =
          row_of(values.row(usable).subspan(first, static_cast<std::size_t>(layout.n_grid)),
                 channel * layout.n_grid, problems.first_id + usable);
      local.insert(local.end(), {row.problem, row.sample, row.value, row.usual});
    }
    const std::vector<double> all = gather_rows(local, comm);
    std::vector<double> usual;
    for (std::size_t k = 3; k < all.size(); k += kNumbers) usual.push_back(all[k]);
    const double median = finite_median(usual);
    for (std::size_t k = 0; k < all.size(); k += kNumbers) {
      if (!(median > 0.0) || std::abs(all[k + 2]) <= kOutlierFactor * median) continue;
      if (outliers.found.empty()) outliers.usual = median;
      outliers.found.push_back(
          {static_cast<std::int64_t>(all[k]), static_cast<std::int64_t>(all[k + 1]), all[k + 2]});
    }
  }
  std::ranges::stable_sort(outliers.found, {}, &Outlier::problem);
  return outliers;
}

}  // namespace jpo
