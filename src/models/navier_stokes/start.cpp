#include "models/navier_stokes/start.hpp"

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace jpo::navier_stokes {
namespace {

constexpr double kPi = std::numbers::pi;
// Modes of the stream function.
constexpr std::int64_t kWaveX = 3;
constexpr std::int64_t kWaveY = 3;
constexpr double kDecay = 2.0;

// Random stream function in the upper half, with two amplitudes (cos, sin) per pair of modes.
class StreamFunction {
 public:
  explicit StreamFunction(RandomStream& stream) {
    for (std::int64_t k = 0; k <= kWaveX; ++k)
      for (std::int64_t l = 0; l < kWaveY; ++l)
        for (double& amplitude : amplitudes_[k * kWaveY + l])
          amplitude =
              stream.normal() * std::exp(-static_cast<double>(k * k + l * l) / (kDecay * kDecay));
  }
  // eta is 0 at mid-height and 1 at the top; `bump` and its slope are zero at both.
  double at(double x, double eta) const {
    const double bump = std::pow(std::sin(kPi * eta), 2);
    double sum = 0.0;
    for (std::int64_t k = 0; k <= kWaveX; ++k) {
      const double phase = 2.0 * kPi * static_cast<double>(k) * x;
      for (std::int64_t l = 0; l < kWaveY; ++l) {
        const auto& [a, b] = amplitudes_[k * kWaveY + l];
        sum += (a * std::cos(phase) + b * std::sin(phase)) *
               std::cos(kPi * static_cast<double>(l) * eta);
      }
    }
    return bump * sum;
  }

 private:
  std::array<std::array<double, 2>, (kWaveX + 1) * kWaveY> amplitudes_{};
};

}  // namespace

void draw_upper_velocity(RandomStream& stream, std::int64_t n, double speed,
                         std::span<double> upper) {
  const StreamFunction psi(stream);
  const std::int64_t n_row = n / 2;
  std::vector<double> corner((n_row + 1) * n);
  for (std::int64_t j = 0; j <= n_row; ++j)
    for (std::int64_t i = 0; i < n; ++i)
      corner[j * n + i] = j == 0 || j == n_row
                              ? 0.0
                              : psi.at(static_cast<double>(i) / static_cast<double>(n),
                                       static_cast<double>(j) / static_cast<double>(n_row));
  double square = 0.0;
  for (std::int64_t j = 0; j < n_row; ++j) {
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t here = j * n + i;
      const std::int64_t right = j * n + (i + 1) % n;
      const std::int64_t above = (j + 1) * n + i;
      const double u = corner[above] - corner[here];
      const double v = corner[here] - corner[right];
      upper[here] = u;
      upper[(n_row * n) + here] = v;
      square += u * u + v * v;
    }
  }
  const double scale = speed / std::sqrt(square / static_cast<double>(n_row * n));
  for (double& value : upper) value *= scale;
}

std::vector<double> impulse_rows(const Grid& grid, double height, double width) {
  std::vector<double> rows;
  for (const double offset : {0.5 * grid.h(), 0.0}) {
    for (std::int64_t j = 0; j < grid.n; ++j) {
      const double y = grid.h() * static_cast<double>(j) - height + offset;
      rows.push_back(std::exp(-y * y / (2.0 * width * width)));
    }
  }
  return rows;
}

}  // namespace jpo::navier_stokes
