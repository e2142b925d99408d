#include "network/parameter_map.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/errors.hpp"

namespace jpo {

ParameterMap::ParameterMap(const ParameterSpace& space, const std::string& name)
    : space_(space), kind_(name == "algebraic" ? Kind::algebraic : Kind::tanh) {
  for (std::size_t k = 0; k < space.centre.size(); ++k)
    if (std::isfinite(space.lower[k]) != std::isfinite(space.upper[k]))
      throw BadInput(fmt::format(
          "parameter {} is bounded on one side only: a network needs both bounds or none",
          space.names[k]));
}

bool ParameterMap::is_bounded(std::size_t k) const {
  return std::isfinite(space_.lower[k]);
}

void ParameterMap::apply(std::span<const double> z, std::span<double> m) const {
  for (std::size_t k = 0; k < z.size(); ++k) {
    if (!is_bounded(k)) {
      m[k] = space_.centre[k] + space_.scale[k] * z[k];
      continue;
    }
    const double middle = 0.5 * (space_.upper[k] + space_.lower[k]);
    const double half = 0.5 * (space_.upper[k] - space_.lower[k]);
    const double share = kind_ == Kind::tanh ? std::tanh(z[k]) : z[k] / std::hypot(1.0, z[k]);
    m[k] = std::clamp(middle + half * share, space_.lower[k], space_.upper[k]);
  }
}

double ParameterMap::derivative(std::size_t k, double z) const {
  if (!is_bounded(k)) return space_.scale[k];
  const double half = 0.5 * (space_.upper[k] - space_.lower[k]);
  if (kind_ == Kind::algebraic) return half / std::pow(1.0 + z * z, 1.5);
  const double cosh = std::cosh(z);
  return half / (cosh * cosh);
}

void ParameterMap::pull_back(std::span<const double> z, std::span<const double> g,
                             std::span<double> dz) const {
  for (std::size_t k = 0; k < z.size(); ++k) dz[k] = g[k] * derivative(k, z[k]);
}

}  // namespace jpo
