#pragma once
#include <cstdint>
#include <span>

#include "core/device/batch.hpp"
#include "core/parameter_space.hpp"
#include "inverse/objective.hpp"

namespace jpo {

/// Computes the loss 0.5 sum ((m - target) / scale)^2 and its gradient for each of `rows`, from
/// m.row(k) and target.row(rows[k]). Needs no solve; all outcomes are ok.
void fit_parameters(const ParameterSpace& space, std::span<const std::int64_t> rows, const Batch& m,
                    const Batch& target, Evaluation& evaluation);

}  // namespace jpo
