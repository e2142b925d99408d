#include "models/kuramoto_sivashinsky/fourier.hpp"

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
  // The trigonometric polynomial for the value 1 at point 0 and 0 at the others. Those of the other
  // points are shifted copies.
  const std::int64_t n_fine = finer * n;
  const std::int64_t highest = n / 2;
  std::vector<double> unit;
  for (std::int64_t i = 0; i < n_fine; ++i) {
    const double turn =
        2.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n_fine);
    double sum = 1.0;
    for (std::int64_t k = 1; k < (n + 1) / 2; ++k)
      sum += 2.0 * std::cos(static_cast<double>(k) * turn);
    if (n % 2 == 0) sum += std::cos(static_cast<double>(highest) * turn);
    unit.push_back(sum / static_cast<double>(n));
  }
  std::vector<double> matrix;
  matrix.reserve(n_fine * n);
  for (std::int64_t i = 0; i < n_fine; ++i)
    for (std::int64_t j = 0; j < n; ++j) matrix.push_back(unit[(i - finer * j + n_fine) % n_fine]);
  return matrix;
}

}  // namespace jpo
