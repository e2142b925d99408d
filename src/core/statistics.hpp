#pragma once
// Order statistics of small sets: losses of all problems, gathered.

#include <span>
#include <vector>

namespace jpo {

/// The finite ones of `values`, ascending.
std::vector<double> sorted_finite(std::vector<double> values);

/// Quantile `share` in [0, 1] of ascending values, linear between neighbours; NaN of none.
double quantile(std::span<const double> ascending, double share);

/// Median of the finite ones; NaN of none.
double finite_median(std::vector<double> values);

/// Mean; NaN of none.
double mean(std::span<const double> values);

}  // namespace jpo
