#pragma once
#include <span>

#include "core/parameter_space.hpp"
#include "core/random.hpp"

namespace jpo {

/// A random start: uniform in the box; normal (centre, scale) where a parameter is unbounded.
void draw_from_box(RandomStream& stream, const ParameterSpace& space, std::span<double> m);

}  // namespace jpo
