#pragma once
// Smooth periodic fields from a few Fourier modes, and trigonometric interpolation.

#include <cstdint>
#include <vector>

namespace jpo {

/// Modes of a random smooth field. The amplitude of mode k is proportional to exp(-(k / decay)^2).
inline constexpr std::int64_t n_fourier_mode = 9;
inline constexpr double fourier_decay = 3.2;

/// Maps whitened amplitudes to values at n equidistant points: cos and sin of modes 1 .. 9,
/// variance 1 at each point for independent standard normal amplitudes. Row-major [n, 18].
std::vector<double> fourier_mode_matrix(std::int64_t n);

/// Maps values at n equidistant points to values of their trigonometric interpolant at finer * n
/// points. Row-major [finer * n, n].
std::vector<double> interpolation_matrix(std::int64_t n, std::int64_t finer);

}  // namespace jpo
