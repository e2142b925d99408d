#include "network/parameter_map.hpp"

#include <fmt/format.h>

#include "core/errors.hpp"

namespace jpo {

std::vector<ParameterMap> parameter_maps(const ParameterSpace& space, const std::string& name) {
  using Kind = ParameterMap::Kind;
  const Kind bounded = name == "algebraic" ? Kind::algebraic : Kind::tanh;
  std::vector<ParameterMap> maps;
  for (std::size_t k = 0; k < space.centre.size(); ++k) {
    const bool has_lower = std::isfinite(space.lower[k]);
    if (has_lower != std::isfinite(space.upper[k]))
      throw BadInput(fmt::format(
          "parameter {} is bounded on one side only: a network needs both bounds or none",
          space.names[k]));
    maps.push_back({has_lower ? bounded : Kind::unbounded, space.lower[k], space.upper[k],
                    space.centre[k], space.scale[k]});
  }
  return maps;
}

}  // namespace jpo
