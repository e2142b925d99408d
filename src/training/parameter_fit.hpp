#pragma once
#include <cstdint>
#include <span>

#include "core/device/batch.hpp"
#include "core/parameter_space.hpp"
#include "inverse/objective.hpp"

namespace jpo {

/// Loss 0.5 sum ((m - target) / scale)^2 of each of `rows` and its gradient: row k of `m` against
/// row rows[k] of `target`. No solve.
void fit_parameters(const ParameterSpace& space, std::span<const std::int64_t> rows, const Batch& m,
                    const Batch& target, Evaluation& evaluation);

}  // namespace jpo
