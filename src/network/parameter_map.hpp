#pragma once
// Map from the network's outputs z to parameters m in their box, and its derivative, in double.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/device/batch.hpp"
#include "core/device/memory_space.hpp"
#include "core/parameter_space.hpp"

namespace jpo {

/// The map of one component, with half = (upper - lower) / 2, middle = (upper + lower) / 2 and
/// x = z + shift:
///   tanh       m = middle + half tanh(x)
///   algebraic  m = middle + half x / sqrt(1 + x^2)
///   lower      m = lower + scale (x + sqrt(1 + x^2)) / 2, if there is no upper bound
///   upper      m = upper - scale (sqrt(1 + x^2) - x) / 2, if there is no lower bound
///   unbounded  m = centre + scale z
/// The shift makes z = 0 the centre; it is 0 if the centre is the middle of the box.
struct ParameterMap {
  enum class Kind : std::uint8_t { tanh, algebraic, lower, upper, unbounded };
  Kind kind = Kind::unbounded;
  double lower = 0.0;
  double upper = 0.0;
  double centre = 0.0;
  double scale = 1.0;
  double shift = 0.0;

  /// Returns m, inside the box or on its boundary.
  JPO_KERNEL double value(double z) const {
    if (kind == Kind::unbounded) return centre + scale * z;
    const double x = z + shift;
    if (kind == Kind::lower) return lower + scale * rise(x);
    if (kind == Kind::upper) return upper - scale * rise(-x);
    const double middle = 0.5 * (upper + lower);
    const double half = 0.5 * (upper - lower);
    const double share = kind == Kind::tanh ? std::tanh(x) : x / std::hypot(1.0, x);
    return std::clamp(middle + half * share, lower, upper);
  }
  /// Returns dm/dz.
  JPO_KERNEL double derivative(double z) const {
    if (kind == Kind::unbounded) return scale;
    const double x = z + shift;
    if (kind == Kind::lower) return scale * rise(x) / std::hypot(1.0, x);
    if (kind == Kind::upper) return scale * rise(-x) / std::hypot(1.0, x);
    const double half = 0.5 * (upper - lower);
    if (kind == Kind::algebraic) return half / std::pow(1.0 + x * x, 1.5);
    const double cosh = std::cosh(x);
    return half / (cosh * cosh);
  }

  /// Returns the z that is mapped to m; m closer to a bound than 1e-3 of the half width, or of the
  /// scale, is moved to this distance.
  double inverse(double m) const;

 private:
  /// Returns (x + sqrt(1 + x^2)) / 2, without cancellation for negative x.
  JPO_KERNEL static double rise(double x) {
    const double root = std::hypot(1.0, x);
    return x > 0.0 ? 0.5 * (root + x) : 0.5 / (root - x);
  }
};

/// Returns the map of each component. `name`: network.output_map of the deck, for components with
/// two bounds. A centre near a bound is moved as by ParameterMap::inverse, because no finite z is
/// mapped to a bound.
std::vector<ParameterMap> parameter_maps(const ParameterSpace& space, const std::string& name);

/// Returns the z of each problem and parameter at which the map is start [n_problem, n_parameter]:
/// with these offsets, outputs of 0 are the starts.
std::vector<double> start_offsets(const ParameterSpace& space, const std::string& name,
                                  const Batch& start);

}  // namespace jpo
