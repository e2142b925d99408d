#include "models/navier_stokes_start.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace jpo::navier_stokes {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr std::int64_t kWaveX = 3;  // modes of the stream function
constexpr std::int64_t kWaveY = 3;
constexpr double kDecay = 2.0;

// Stream function at corner (i, j), j >= n/2, from its amplitudes (cos, sin per pair of modes).
class StreamFunction {
 public:
  explicit StreamFunction(RandomStream& stream) {
    for (std::int64_t k = 0; k <= kWaveX; ++k)
      for (std::int64_t l = 0; l < kWaveY; ++l)
        for (double& amplitude : amplitudes_[static_cast<std::size_t>(k * kWaveY + l)])
          amplitude =
              stream.normal() * std::exp(-static_cast<double>(k * k + l * l) / (kDecay * kDecay));
  }
  // eta runs from 0 at mid-height to 1 at the top; the bump and its slope vanish at both.
  double at(double x, double eta) const {
    const double bump = std::pow(std::sin(kPi * eta), 2);
    double sum = 0.0;
    for (std::int64_t k = 0; k <= kWaveX; ++k) {
      const double phase = 2.0 * kPi * static_cast<double>(k) * x;
      for (std::int64_t l = 0; l < kWaveY; ++l) {
        const auto& [a, b] = amplitudes_[static_cast<std::size_t>(k * kWaveY + l)];
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
  std::vector<double> corner(static_cast<std::size_t>((n_row + 1) * n));
  for (std::int64_t j = 0; j <= n_row; ++j)
    for (std::int64_t i = 0; i < n; ++i)
      corner[static_cast<std::size_t>(j * n + i)] =
          j == 0 || j == n_row ? 0.0
                               : psi.at(static_cast<double>(i) / static_cast<double>(n),
                                        static_cast<double>(j) / static_cast<double>(n_row));
  double square = 0.0;
  for (std::int64_t j = 0; j < n_row; ++j) {
    for (std::int64_t i = 0; i < n; ++i) {
      const auto here = static_cast<std::size_t>(j * n + i);
      const auto right = static_cast<std::size_t>(j * n + (i + 1) % n);
      const auto above = static_cast<std::size_t>((j + 1) * n + i);
      const double u = corner[above] - corner[here];
      const double v = corner[here] - corner[right];
      upper[here] = u;
      upper[static_cast<std::size_t>(n_row * n) + here] = v;
      square += u * u + v * v;
    }
  }
  const double scale = speed / std::sqrt(square / static_cast<double>(n_row * n));
  for (double& value : upper) value *= scale;
}

UpperHalf::UpperHalf(const Grid& grid, std::int64_t finer)
    : grid_(grid), finer_(finer), n_(grid.n / finer) {}

void UpperHalf::place(const double* upper, double* velocity) const {
  std::fill_n(velocity, grid_.block_size(), 0.0);
  if (finer_ > 1) return place_finer(upper, velocity);
  const std::int64_t half = n_ / 2 * n_ * n_lane;
  std::copy_n(upper, half, velocity + half);
  std::copy_n(upper + half, half, velocity + 3 * half);
}

// Along its own direction a fine face lies on a coarse one or midway between two; across, a quarter
// of a coarse cell off one.
void UpperHalf::place_finer(const double* upper, double* velocity) const {
  const std::int64_t first = n_ / 2;
  const auto coarse = [&](std::int64_t channel, std::int64_t i, std::int64_t j) {
    const bool beyond = j >= n_;  // the top: no slip, or the resting lower half
    if (j < first || (beyond && (channel == 1 || !grid_.walls))) return lanes_of(0.0);
    const std::int64_t row = channel * first + (beyond ? n_ - 1 : j) - first;
    const Lanes value = load(upper + (row * n_ + (i + n_) % n_) * n_lane);
    return beyond ? -1.0 * value : value;
  };
  for (std::int64_t j = 0; j < grid_.n; ++j) {
    for (std::int64_t i = 0; i < grid_.n; ++i) {
      const std::int64_t ci = i / 2;
      const std::int64_t cj = j / 2;
      const std::int64_t side_i = i % 2 == 0 ? ci - 1 : ci + 1;
      const std::int64_t side_j = j % 2 == 0 ? cj - 1 : cj + 1;
      const auto along_u = [&](std::int64_t jj) {
        return 0.5 * (coarse(0, ci, jj) + coarse(0, (i + 1) / 2, jj));
      };
      const auto along_v = [&](std::int64_t ii) {
        return 0.5 * (coarse(1, ii, cj) + coarse(1, ii, (j + 1) / 2));
      };
      store(velocity + grid_.u_face(i, j) * n_lane, 0.75 * along_u(cj) + 0.25 * along_u(side_j));
      store(velocity + grid_.v_face(i, j) * n_lane, 0.75 * along_v(ci) + 0.25 * along_v(side_i));
    }
  }
}

// visit(component, one fine face, the other one beside the coarse face's place), as offsets.
template <class Visit>
void UpperHalf::for_each_seen(Visit&& visit) const {
  const std::int64_t half = n_ / 2 * n_;
  for (std::int64_t j = 0; j < n_ / 2; ++j) {
    for (std::int64_t i = 0; i < n_; ++i) {
      const std::int64_t fi = i * finer_;
      const std::int64_t fj = (j + n_ / 2) * finer_;
      const std::int64_t component = (j * n_ + i) * n_lane;
      visit(component, grid_.u_face(fi, fj) * n_lane, grid_.u_face(fi, fj + finer_ - 1) * n_lane);
      visit(component + half * n_lane, grid_.v_face(fi, fj) * n_lane,
            grid_.v_face(fi + finer_ - 1, fj) * n_lane);
    }
  }
}

void UpperHalf::observe(const double* velocity, double* upper) const {
  for_each_seen([&](std::int64_t component, std::int64_t one, std::int64_t other) {
    store(upper + component, 0.5 * (load(velocity + one) + load(velocity + other)));
  });
}

void UpperHalf::observe_transposed(const double* upper, double* velocity) const {
  std::fill_n(velocity, grid_.block_size(), 0.0);
  for_each_seen([&](std::int64_t component, std::int64_t one, std::int64_t other) {
    const Lanes share = 0.5 * load(upper + component);
    store(velocity + one, load(velocity + one) + share);
    store(velocity + other, load(velocity + other) + share);
  });
}

Impulse::Impulse(const Grid& grid, double height, double width) : grid_(grid), width_(width) {
  for (std::int64_t j = 0; j < grid.n; ++j) {
    const double v_y = grid.h() * static_cast<double>(j) - height;
    const double u_y = v_y + 0.5 * grid.h();
    u_row_.push_back(std::exp(-u_y * u_y / (2.0 * width * width)));
    v_row_.push_back(std::exp(-v_y * v_y / (2.0 * width * width)));
  }
  for (LaneBuffer* buffer : {&u_shape_, &v_shape_, &u_slope_, &v_slope_})
    buffer->reserve(grid.n * n_lane);
}

void Impulse::shape_along_x(const double* m) {
  const double inverse = 1.0 / (width_ * width_);
  const auto fill = [&](double position, std::int64_t at, LaneBuffer& shape, LaneBuffer& slope) {
    for (std::int64_t lane = 0; lane < n_lane; ++lane) {
      const double angle = kPi * (position - m[lane]);
      const double distance = std::sin(angle) / kPi;
      const double value = std::exp(-0.5 * inverse * distance * distance);
      shape.data()[at + lane] = value;
      slope.data()[at + lane] = value * inverse * distance * std::cos(angle);
    }
  };
  for (std::int64_t i = 0; i < grid_.n; ++i) {
    const double x = grid_.h() * static_cast<double>(i);
    fill(x, i * n_lane, u_shape_, u_slope_);
    fill(x + 0.5 * grid_.h(), i * n_lane, v_shape_, v_slope_);
  }
}

void Impulse::add(const double* m, double* velocity) {
  shape_along_x(m);
  const Lanes f_x = load(m + n_lane);
  const Lanes f_y = load(m + 2 * n_lane);
  for (std::int64_t j = 0; j < grid_.n; ++j) {
    for (std::int64_t i = 0; i < grid_.n; ++i) {
      double* u = velocity + grid_.u_face(i, j) * n_lane;
      double* v = velocity + grid_.v_face(i, j) * n_lane;
      store(u, load(u) + u_row_[j] * (f_x * load(u_shape_.data() + i * n_lane)));
      store(v, load(v) + v_row_[j] * (f_y * load(v_shape_.data() + i * n_lane)));
    }
  }
}

void Impulse::add_tangent(const double* m, const double* dm, double* velocity) {
  shape_along_x(m);
  const Lanes f_x = load(m + n_lane);
  const Lanes f_y = load(m + 2 * n_lane);
  const Lanes dx = load(dm);
  const Lanes df_x = load(dm + n_lane);
  const Lanes df_y = load(dm + 2 * n_lane);
  for (std::int64_t j = 0; j < grid_.n; ++j) {
    for (std::int64_t i = 0; i < grid_.n; ++i) {
      const std::int64_t at = i * n_lane;
      double* u = velocity + grid_.u_face(i, j) * n_lane;
      double* v = velocity + grid_.v_face(i, j) * n_lane;
      store(u, load(u) + u_row_[j] * (df_x * load(u_shape_.data() + at) +
                                      dx * f_x * load(u_slope_.data() + at)));
      store(v, load(v) + v_row_[j] * (df_y * load(v_shape_.data() + at) +
                                      dx * f_y * load(v_slope_.data() + at)));
    }
  }
}

void Impulse::adjoint(const double* m, const double* velocity, double* dm) {
  shape_along_x(m);
  Lanes along_x = lanes_of(0.0), along_f_x = along_x, along_f_y = along_x;
  const Lanes f_x = load(m + n_lane);
  const Lanes f_y = load(m + 2 * n_lane);
  for (std::int64_t i = 0; i < grid_.n; ++i) {
    Lanes of_u = lanes_of(0.0), of_v = of_u;  // sums over the column
    for (std::int64_t j = 0; j < grid_.n; ++j) {
      of_u = of_u + u_row_[j] * load(velocity + grid_.u_face(i, j) * n_lane);
      of_v = of_v + v_row_[j] * load(velocity + grid_.v_face(i, j) * n_lane);
    }
    const std::int64_t at = i * n_lane;
    along_f_x = along_f_x + of_u * load(u_shape_.data() + at);
    along_f_y = along_f_y + of_v * load(v_shape_.data() + at);
    along_x =
        along_x + f_x * of_u * load(u_slope_.data() + at) + f_y * of_v * load(v_slope_.data() + at);
  }
  store(dm, along_x);
  store(dm + n_lane, along_f_x);
  store(dm + 2 * n_lane, along_f_y);
}

}  // namespace jpo::navier_stokes
