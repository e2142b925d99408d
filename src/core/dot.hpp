#pragma once
#include <numeric>
#include <span>

namespace jpo {

/// sum_k a_k b_k, in order.
inline double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace jpo
