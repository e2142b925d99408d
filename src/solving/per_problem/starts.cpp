#include "solving/per_problem/starts.hpp"

#include <algorithm>
#include <cmath>

namespace jpo {

void draw_from_box(RandomStream& stream, const ParameterSpace& space, std::span<double> m) {
  for (std::size_t k = 0; k < m.size(); ++k) {
    const bool bounded = std::isfinite(space.lower[k]) && std::isfinite(space.upper[k]);
    m[k] = bounded ? stream.uniform(space.lower[k], space.upper[k])
                   : std::clamp(space.centre[k] + space.scale[k] * stream.normal(), space.lower[k],
                                space.upper[k]);
  }
}

}  // namespace jpo
