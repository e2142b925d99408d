#pragma once
#include <numeric>
#include <span>

namespace jpo {

/// Returns sum_k a_k b_k, summed in ascending order of k. `a` and `b` have the same length.
inline double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace jpo
