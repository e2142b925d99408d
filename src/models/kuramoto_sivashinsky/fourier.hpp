#pragma once
// Smooth periodic fields from a few Fourier modes, and trigonometric interpolation.

#include <cstdint>
#include <vector>

namespace jpo {

/// Number of modes of a random smooth field. The amplitude of mode k is proportional to
/// exp(-(k / fourier_decay)^2).
inline constexpr std::int64_t n_fourier_mode = 9;
inline constexpr double fourier_decay = 3.2;

/// Returns the matrix from whitened amplitudes to values at n equidistant points, row-major [n,
/// 18]: cos and sin of modes 1 .. 9. Independent standard normal amplitudes give variance 1 at each
/// point.
std::vector<double> fourier_mode_matrix(std::int64_t n);

/// Returns the matrix from values at n equidistant points to values of their trigonometric
/// interpolant at finer * n points, row-major [finer * n, n].
std::vector<double> interpolation_matrix(std::int64_t n, std::int64_t finer);

}  // namespace jpo
