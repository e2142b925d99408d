#include "models/fourier.hpp"

#include <array>
#include <cmath>
#include <numbers>

namespace jpo {

std::vector<double> fourier_mode_matrix(std::int64_t n) {
  std::array<double, n_fourier_mode> amplitude{};
  double variance = 0.0;
  for (std::size_t k = 0; k < n_fourier_mode; ++k) {
    const double share = static_cast<double>(k + 1) / fourier_decay;
    amplitude[k] = std::exp(-share * share);
    variance += amplitude[k] * amplitude[k];
  }
  std::vector<double> matrix;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n_fourier_mode; ++k) {
      const double phase = 2.0 * std::numbers::pi * static_cast<double>(k + 1) *
                           static_cast<double>(i) / static_cast<double>(n);
      matrix.push_back(amplitude[k] / std::sqrt(variance) * std::cos(phase));
      matrix.push_back(amplitude[k] / std::sqrt(variance) * std::sin(phase));
    }
  }
  return matrix;
}

std::vector<double> interpolation_matrix(std::int64_t n, std::int64_t finer) {
  std::vector<double> matrix;
  const std::int64_t highest = n / 2;
  for (std::int64_t i = 0; i < finer * n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      const double turn = 2.0 * std::numbers::pi * static_cast<double>(i - finer * j) /
                          static_cast<double>(finer * n);
      double sum = 1.0;
      for (std::int64_t k = 1; k < (n + 1) / 2; ++k)
        sum += 2.0 * std::cos(static_cast<double>(k) * turn);
      if (n % 2 == 0) sum += std::cos(static_cast<double>(highest) * turn);
      matrix.push_back(sum / static_cast<double>(n));
    }
  }
  return matrix;
}

}  // namespace jpo
