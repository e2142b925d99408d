#include "training/normalization.hpp"

#include <algorithm>
#include <cmath>

namespace jpo {
namespace {

// Exact means over all problems and over the components of a group, for each group of inputs.
class GroupSums {
 public:
  GroupSums(const Network& network, const Task& task)
      : task_(task),
        group_(network.normalized_group()),
        size_(static_cast<std::size_t>(network.n_normalized()), 0.0),
        term_(size_.size()),
        sum_({network.n_normalized(), 1}, task.sums.reduction) {
    for (const std::int64_t group : group_) size_[group] += 1.0;
  }

  /// Returns the mean of f(value, group) for each group. Collective.
  template <class Function>
  std::vector<double> mean(Function&& f) {
    const double exponent = agreed_exponent(f);
    sum_.clear();
    for (const std::int64_t row : task_.usable) {
      std::ranges::fill(term_, 0.0);
      for_each_input(row,
                     [&](double value, std::size_t group) { term_[group] += f(value, group); });
      for (std::size_t k = 0; k < term_.size(); ++k)
        term_[k] = std::ldexp(term_[k] / size_[k], -static_cast<int>(exponent));
      sum_.add(term_);
      sum_.count(0, 1);
    }
    FlatSum::Seconds seconds;
    sum_.reduce(task_.sums.transport, seconds);
    std::vector<double> mean(sum_.values().begin(), sum_.values().end());
    for (double& value : mean)
      value = std::ldexp(value, static_cast<int>(exponent)) /
              static_cast<double>(std::max<std::int64_t>(sum_.counted(0), 1));
    return mean;
  }

 private:
  template <class Visit>
  void for_each_input(std::int64_t row, Visit&& visit) const {
    const LocalProblems& problems = task_.objective.problems();
    const auto y = problems.observation.read();
    const auto c = problems.context.read();
    std::size_t component = 0;
    for (const double value : y.row(row))
      visit(value, static_cast<std::size_t>(group_[component++]));
    for (const double value : c.row(row))
      visit(value, static_cast<std::size_t>(group_[component++]));
  }

  template <class Function>
  double agreed_exponent(Function&& f) const {
    double largest = 0.0;
    for (const std::int64_t row : task_.usable)
      for_each_input(row, [&](double value, std::size_t group) {
        largest = std::max(largest, std::abs(f(value, group)));
      });
    reduce_max({&largest, 1}, task_.comm);
    return binary_exponent(largest);
  }

  const Task& task_;
  /// Group of each component of y, then of c.
  std::vector<std::int64_t> group_;
  /// Components per group.
  std::vector<double> size_;
  std::vector<double> term_;
  FlatSum sum_;
};

}  // namespace

Normalization input_statistics(const Network& network, const Task& task) {
  GroupSums sums(network, task);
  Normalization result;
  result.mean = sums.mean([](double value, std::size_t) { return value; });
  result.deviation = sums.mean([&](double value, std::size_t group) {
    const double distance = value - result.mean[group];
    return distance * distance;
  });
  for (double& value : result.deviation) value = value > 0.0 ? std::sqrt(value) : 1.0;
  return result;
}

}  // namespace jpo
