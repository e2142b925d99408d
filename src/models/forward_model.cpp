#include "models/forward_model.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace jpo {

void ForwardModel::sample_parameters(RandomStream& stream, std::span<const double> /*c*/,
                                     std::span<double> m) const {
  const ParameterSpace& space = shape().parameters;
  for (std::size_t k = 0; k < m.size(); ++k) {
    const bool is_bounded = std::isfinite(space.lower[k]) && std::isfinite(space.upper[k]);
    m[k] = is_bounded ? stream.uniform(space.lower[k], space.upper[k])
                      : std::clamp(space.centre[k] + space.scale[k] * stream.normal(),
                                   space.lower[k], space.upper[k]);
  }
}

void ForwardModel::tangent(const Batch& /*v*/, Batch& /*dy*/) {
  throw std::logic_error("this model has no tangent");
}

}  // namespace jpo
