#pragma once
// Cholesky factor of the Darcy operator: analysis of its pattern, which is the same for every k,
// and an estimate of its size.

#include <cstdint>
#include <memory>

#include "lanes/lane_cholesky.hpp"

namespace jpo::darcy {

/// Analyses the pattern for n_grid x n_grid cells and returns the factor, without values.
std::unique_ptr<LaneCholesky> make_factor(std::int64_t n_grid, MemorySpace space);

/// Largest grid that is analysed in the constructor of the model; larger ones take seconds.
inline constexpr std::int64_t kLargestAnalysed = 256;

/// Returns the estimated number of values per cell of the factor, for n_grid > kLargestAnalysed.
double estimated_values_per_cell(std::int64_t n_grid);

}  // namespace jpo::darcy
