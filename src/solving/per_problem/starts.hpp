#pragma once
#include <span>

#include "core/parameter_space.hpp"
#include "core/random.hpp"

namespace jpo {

/// Draws a random start: uniform in the box; normal (centre, scale) for unbounded parameters.
void draw_from_box(RandomStream& stream, const ParameterSpace& space, std::span<double> m);

}  // namespace jpo
