#pragma once
// The factor of the Darcy operator: its pattern, which is the same for every k, and its size.

#include <cstdint>
#include <memory>

#include "lanes/lane_cholesky.hpp"

namespace jpo::darcy {

/// Analysis of the pattern for n_grid x n_grid cells.
std::unique_ptr<LaneCholesky> make_factor(std::int64_t n_grid, MemorySpace space);

/// Larger grids take seconds to analyse.
inline constexpr std::int64_t kLargestAnalysed = 256;

/// Estimated numbers per cell of the factor, for n_grid > kLargestAnalysed.
double estimated_values_per_cell(std::int64_t n_grid);

}  // namespace jpo::darcy
