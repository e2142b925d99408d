#include "network/parameter_map.hpp"

namespace jpo {
namespace {

using Kind = ParameterMap::Kind;

constexpr double kNearest = 1e-3;  // distance of the centre from a bound, in units of the map
constexpr double kRounding = 1e-12;

// Returns the x at which the share tanh(x) or x / sqrt(1 + x^2) is that of m.
double shift_in_box(const ParameterMap& map, double m) {
  const double half = 0.5 * (map.upper - map.lower);
  const double share =
      std::clamp((m - 0.5 * (map.upper + map.lower)) / half, -1.0 + kNearest, 1.0 - kNearest);
  if (std::abs(share) < kRounding) return 0.0;
  return map.kind == Kind::tanh ? std::atanh(share) : share / std::sqrt(1.0 - share * share);
}

// Returns the x at which (x + sqrt(1 + x^2)) / 2 is the distance from the bound in units of scale.
double shift_from_bound(double distance, double scale) {
  const double units = std::max(distance / scale, kNearest);
  return units - 0.25 / units;
}

Kind kind_of(bool has_lower, bool has_upper, const std::string& name) {
  if (has_lower && has_upper) return name == "algebraic" ? Kind::algebraic : Kind::tanh;
  if (has_lower) return Kind::lower;
  return has_upper ? Kind::upper : Kind::unbounded;
}

}  // namespace

double ParameterMap::inverse(double m) const {
  switch (kind) {
    case Kind::unbounded:
      return (m - centre) / scale;
    case Kind::lower:
      return shift_from_bound(m - lower, scale) - shift;
    case Kind::upper:
      return -shift_from_bound(upper - m, scale) - shift;
    default:
      return shift_in_box(*this, m) - shift;
  }
}

std::vector<ParameterMap> parameter_maps(const ParameterSpace& space, const std::string& name) {
  std::vector<ParameterMap> maps;
  for (std::size_t k = 0; k < space.centre.size(); ++k) {
    ParameterMap map{kind_of(std::isfinite(space.lower[k]), std::isfinite(space.upper[k]), name),
                     space.lower[k], space.upper[k], space.centre[k], space.scale[k]};
    map.shift = map.inverse(map.centre);
    maps.push_back(map);
  }
  return maps;
}

std::vector<double> start_offsets(const ParameterSpace& space, const std::string& name,
                                  const Batch& start) {
  const std::vector<ParameterMap> maps = parameter_maps(space, name);
  std::vector<double> offsets;
  const auto starts = start.read();
  for (std::int64_t row = 0; row < start.n_problem(); ++row)
    for (std::size_t k = 0; k < maps.size(); ++k)
      offsets.push_back(maps[k].inverse(starts.row(row)[k]));
  return offsets;
}

}  // namespace jpo
