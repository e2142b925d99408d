#pragma once
// From the network's outputs z to parameters m in their box, and back for gradients. Plain doubles.

#include <span>
#include <string>

#include "core/parameter_space.hpp"

namespace jpo {

/// Component by component, with half = (upper - lower) / 2 and middle = (upper + lower) / 2:
///   tanh       m = middle + half tanh(z)
///   algebraic  m = middle + half z / sqrt(1 + z^2)
///   unbounded  m = centre + scale z
/// z = 0 is the centre; |dm/dz| is largest there and never 0.
class ParameterMap {
 public:
  /// Throws BadInput for a component that is bounded on one side only.
  ParameterMap(const ParameterSpace& space, const std::string& name);

  /// m [n_parameter], strictly inside the box or on it, never outside.
  void apply(std::span<const double> z, std::span<double> m) const;
  /// dL/dz = dL/dm dm/dz.
  void pull_back(std::span<const double> z, std::span<const double> g, std::span<double> dz) const;

 private:
  enum class Kind { tanh, algebraic };
  bool is_bounded(std::size_t k) const;
  double derivative(std::size_t k, double z) const;

  ParameterSpace space_;
  Kind kind_;
};

}  // namespace jpo
