#pragma once
// Order statistics of small sets, such as the gathered losses of all problems.

#include <span>
#include <vector>

namespace jpo {

/// Returns the finite values, ascending.
std::vector<double> sorted_finite(std::vector<double> values);

/// Returns the quantile `share` in [0, 1] of ascending values, with linear interpolation; NaN if
/// there are no values.
double quantile(std::span<const double> ascending, double share);

/// Returns the median of the finite values; NaN if there are none.
double finite_median(std::vector<double> values);

/// Returns the mean; NaN if there are no values.
double mean(std::span<const double> values);

}  // namespace jpo
