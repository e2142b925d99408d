#include "models/cosine_expansion.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace jpo {

std::vector<std::array<std::int64_t, 2>> CosineExpansion::waves(std::int64_t n_mode) {
  // A quarter disc of radius r holds more than pi r^2 / 4 - 1 waves: this square holds all needed.
  const auto side = static_cast<std::int64_t>(std::sqrt(1.3 * static_cast<double>(n_mode + 1))) + 2;
  std::vector<std::array<std::int64_t, 2>> all;
  for (std::int64_t p = 0; p < side; ++p)
    for (std::int64_t q = 0; q < side; ++q)
      if (p + q > 0) all.push_back({p, q});
  std::ranges::sort(all, {}, [](const std::array<std::int64_t, 2>& wave) {
    return std::array{wave[0] * wave[0] + wave[1] * wave[1], wave[0]};
  });
  all.resize(static_cast<std::size_t>(n_mode));
  return all;
}

CosineExpansion::CosineExpansion(const Spectrum& spectrum, std::int64_t n_grid)
    : n_cell_(n_grid * n_grid), waves_(waves(spectrum.n_mode)) {
  constexpr double pi = std::numbers::pi;
  std::vector<double> variance;
  for (const auto& [p, q] : waves_) {
    const auto square = static_cast<double>(p * p + q * q);
    variance.push_back(std::pow(pi * pi * square + spectrum.tau * spectrum.tau, -spectrum.alpha));
  }
  const double total = std::accumulate(variance.begin(), variance.end(), 0.0);
  modes_.reserve(waves_.size() * static_cast<std::size_t>(n_cell_));
  const double h = 1.0 / static_cast<double>(n_grid);
  const auto cosine = [&](std::int64_t wave, std::int64_t i) {
    return (wave > 0 ? std::numbers::sqrt2 : 1.0) *
           std::cos(static_cast<double>(wave) * pi * h * (static_cast<double>(i) + 0.5));
  };
  for (std::size_t j = 0; j < waves_.size(); ++j) {
    const double size = spectrum.deviation * std::sqrt(variance[j] / total);
    for (std::int64_t row = 0; row < n_grid; ++row)
      for (std::int64_t column = 0; column < n_grid; ++column)
        modes_.push_back(size * cosine(waves_[j][0], column) * cosine(waves_[j][1], row));
  }
}

void CosineExpansion::expand(std::span<const double> m, std::span<double> k) const {
  std::ranges::fill(k, 0.0);
  for (std::size_t j = 0; j < m.size(); ++j) {
    const auto shape = mode(j);
    for (std::size_t cell = 0; cell < k.size(); ++cell) k[cell] += m[j] * shape[cell];
  }
}

void CosineExpansion::pull_back(std::span<const double> g_k, std::span<double> g_m) const {
  for (std::size_t j = 0; j < g_m.size(); ++j)
    g_m[j] = std::inner_product(g_k.begin(), g_k.end(), mode(j).begin(), 0.0);
}

}  // namespace jpo
