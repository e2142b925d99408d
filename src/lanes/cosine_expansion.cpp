#include "lanes/cosine_expansion.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace jpo {

std::vector<std::array<std::int64_t, 2>> CosineExpansion::waves(std::int64_t n_mode) {
  // A quarter disc of radius r contains more than pi r^2 / 4 - 1 waves. This square contains the
  // n_mode smallest ones.
  const auto side = static_cast<std::int64_t>(std::sqrt(1.3 * static_cast<double>(n_mode + 1))) + 2;
  std::vector<std::array<std::int64_t, 2>> all;
  for (std::int64_t p = 0; p < side; ++p)
    for (std::int64_t q = 0; q < side; ++q)
      if (p + q > 0) all.push_back({p, q});
  std::ranges::sort(all, {}, [](const std::array<std::int64_t, 2>& wave) {
    return std::array{wave[0] * wave[0] + wave[1] * wave[1], wave[0]};
  });
  all.resize(n_mode);
  return all;
}

namespace {

std::vector<CosineSums::Mode> make_modes(const CosineExpansion::Spectrum& spectrum) {
  constexpr double pi = std::numbers::pi;
  std::vector<CosineSums::Mode> modes;
  double total = 0.0;
  for (const auto& [p, q] : CosineExpansion::waves(spectrum.n_mode)) {
    const auto square = static_cast<double>(p * p + q * q);
    const double variance =
        std::pow(pi * pi * square + spectrum.tau * spectrum.tau, -spectrum.alpha);
    total += variance;
    modes.push_back({p, q, variance});
  }
  // The mean of a squared cosine is 1/2, that of the constant is 1.
  for (CosineSums::Mode& mode : modes)
    mode.size =
        spectrum.deviation * std::sqrt(mode.size / total) *
        ((mode.p > 0 ? std::numbers::sqrt2 : 1.0) * (mode.q > 0 ? std::numbers::sqrt2 : 1.0));
  return modes;
}

std::vector<double> make_cosines(std::int64_t n_mode, std::int64_t n_grid) {
  std::int64_t most = 0;
  for (const auto& [p, q] : CosineExpansion::waves(n_mode)) most = std::max({most, p, q});
  std::vector<double> cosines;
  for (std::int64_t wave = 0; wave <= most; ++wave)
    for (std::int64_t i = 0; i < n_grid; ++i)
      cosines.push_back(std::cos(static_cast<double>(wave) * std::numbers::pi *
                                 (static_cast<double>(i) + 0.5) / static_cast<double>(n_grid)));
  return cosines;
}

}  // namespace

CosineExpansion::CosineExpansion(const Spectrum& spectrum, std::int64_t n_grid, MemorySpace space)
    : n_grid_(n_grid),
      modes_(space, make_modes(spectrum)),
      cosines_(space, make_cosines(spectrum.n_mode, n_grid)) {}

CosineSums CosineExpansion::sums() const {
  return {n_grid_, modes_.size(), cosines_.size() / n_grid_, modes_.data(), cosines_.data()};
}

}  // namespace jpo
