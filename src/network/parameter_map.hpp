#pragma once
// Map from the network's outputs z to parameters m in their box, and its derivative, in double.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/device/memory_space.hpp"
#include "core/parameter_space.hpp"

namespace jpo {

/// The map of one component, with half = (upper - lower) / 2 and middle = (upper + lower) / 2:
///   tanh       m = middle + half tanh(z)
///   algebraic  m = middle + half z / sqrt(1 + z^2)
///   unbounded  m = centre + scale z
/// z = 0 is the middle of the box. |dm/dz| is largest there.
struct ParameterMap {
  enum class Kind : std::uint8_t { tanh, algebraic, unbounded };
  Kind kind = Kind::unbounded;
  double lower = 0.0;
  double upper = 0.0;
  double centre = 0.0;
  double scale = 1.0;

  /// Returns m, inside the box or on its boundary.
  JPO_KERNEL double value(double z) const {
    if (kind == Kind::unbounded) return centre + scale * z;
    const double middle = 0.5 * (upper + lower);
    const double half = 0.5 * (upper - lower);
    const double share = kind == Kind::tanh ? std::tanh(z) : z / std::hypot(1.0, z);
    return std::clamp(middle + half * share, lower, upper);
  }
  /// Returns dm/dz.
  JPO_KERNEL double derivative(double z) const {
    if (kind == Kind::unbounded) return scale;
    const double half = 0.5 * (upper - lower);
    if (kind == Kind::algebraic) return half / std::pow(1.0 + z * z, 1.5);
    const double cosh = std::cosh(z);
    return half / (cosh * cosh);
  }
};

/// Returns the map of each component. `name`: network.output_map of the deck, for bounded
/// components. Throws BadInput for a component that is bounded on one side only.
std::vector<ParameterMap> parameter_maps(const ParameterSpace& space, const std::string& name);

}  // namespace jpo
