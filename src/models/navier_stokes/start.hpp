#pragma once
// Start and observation of the Navier-Stokes model: the prior of the initial velocity, the unknown
// impulse, and the upper half of a velocity as rows of a batch.

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "lanes/lanes.hpp"
#include "models/navier_stokes/grid.hpp"

namespace jpo::navier_stokes {

/// Draws a smooth, divergence-free velocity in the upper half of an n x n grid, zero at mid-height
/// and at the top. It is the discrete curl of a stream function with random Fourier amplitudes.
/// upper: channels u and v of rows n/2 .. n-1, [2 * (n/2), n], with root mean square `speed`.
void draw_upper_velocity(RandomStream& stream, std::int64_t n, double speed,
                         std::span<double> upper);

/// Maps between velocities on `grid` and their upper half on a grid that is coarser by the factor
/// `finer`.
struct UpperHalf {
  Grid grid;
  std::int64_t finer;

  /// Returns the number of points of the coarse grid in each direction.
  JPO_KERNEL std::int64_t n_coarse() const { return grid.n / finer; }
  /// Returns the number of components of c and y: channels u and v of rows n/2 .. n-1 of the coarse
  /// grid.
  JPO_KERNEL std::int64_t size() const { return n_coarse() * n_coarse(); }

  /// Sets the upper half of velocity from upper [component][lane] by linear interpolation, and the
  /// lower half to 0.
  JPO_KERNEL void extend(const double* upper, double* velocity) const;
  /// Sets upper to the mean of the two fine faces of each coarse face.
  JPO_KERNEL void observe(const double* velocity, double* upper) const;
  /// Computes velocity = observe^T upper.
  JPO_KERNEL void observe_transposed(const double* upper, double* velocity) const;

 private:
  template <class Visit>
  JPO_KERNEL void for_each_coarse(Visit&& visit) const;
  JPO_KERNEL void extend_to_finer(const double* upper, double* velocity) const;
};

/// Velocity of the impulse m = (x, f_x, f_y) at (X, Y), periodic in X:
/// (f_x, f_y) exp(-(sin(pi (X - x)) / pi)^2 / (2 width^2)) exp(-(Y - height)^2 / (2 width^2)).
struct Impulse {
  Grid grid;
  double width;
  /// Exponential in Y, [j] of u, then of v: impulse_rows().
  const double* rows;

  JPO_KERNEL std::int64_t scratch_size() const { return 4 * grid.n * n_lane; }

  /// Adds the impulse m [3][lane] to velocity.
  JPO_KERNEL void add(const double* m, double* velocity, double* scratch) const;
  /// Adds the derivative of the impulse at m along dm [3][lane] to velocity.
  JPO_KERNEL void add_tangent(const double* m, const double* dm, double* velocity,
                              double* scratch) const;
  /// Computes dm = (derivative of the impulse at m)^T velocity.
  JPO_KERNEL void adjoint(const double* m, const double* velocity, double* dm,
                          double* scratch) const;

 private:
  /// Exponential in X and its derivative with respect to x, [i][lane].
  struct AlongX {
    const double *u_shape, *u_slope, *v_shape, *v_slope;
  };
  JPO_KERNEL AlongX along_x(const double* m, double* scratch) const;
};

/// Returns the exponential in Y for the rows of u, then of v [2 n].
std::vector<double> impulse_rows(const Grid& grid, double height, double width);

JPO_KERNEL inline void UpperHalf::extend(const double* upper, double* velocity) const {
  clear_lanes(velocity, grid.block_size());
  if (finer > 1) return extend_to_finer(upper, velocity);
  const std::int64_t n = n_coarse();
  const std::int64_t half = n / 2 * n * n_lane;
  copy_lanes(upper, half, velocity + half);
  copy_lanes(upper + half, half, velocity + 3 * half);
}

// In the direction of its normal, a fine face lies on a coarse face or midway between two. In the
// other direction it is a quarter of a coarse cell away from the nearest coarse face.
JPO_KERNEL inline void UpperHalf::extend_to_finer(const double* upper, double* velocity) const {
  const std::int64_t n = n_coarse();
  const std::int64_t first = n / 2;
  const auto coarse = [&](std::int64_t channel, std::int64_t i, std::int64_t j) {
    // Above the top: no slip, or the lower half, which is at rest.
    const bool beyond = j >= n;
    if (j < first || (beyond && (channel == 1 || !grid.walls))) return lanes_of(0.0);
    const std::int64_t row = channel * first + (beyond ? n - 1 : j) - first;
    const Lanes value = load(upper + (row * n + (i + n) % n) * n_lane);
    return beyond ? -1.0 * value : value;
  };
  for (std::int64_t j = 0; j < grid.n; ++j) {
    for (std::int64_t i = 0; i < grid.n; ++i) {
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
      store(velocity + grid.u_face(i, j) * n_lane, 0.75 * along_u(cj) + 0.25 * along_u(side_j));
      store(velocity + grid.v_face(i, j) * n_lane, 0.75 * along_v(ci) + 0.25 * along_v(side_i));
    }
  }
}

// Calls visit(component, face, other_face) with the two fine faces of each coarse face, as offsets.
template <class Visit>
JPO_KERNEL void UpperHalf::for_each_coarse(Visit&& visit) const {
  const std::int64_t n = n_coarse();
  const std::int64_t half = n / 2 * n;
  for (std::int64_t j = 0; j < n / 2; ++j) {
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t fi = i * finer;
      const std::int64_t fj = (j + n / 2) * finer;
      const std::int64_t component = (j * n + i) * n_lane;
      visit(component, grid.u_face(fi, fj) * n_lane, grid.u_face(fi, fj + finer - 1) * n_lane);
      visit(component + half * n_lane, grid.v_face(fi, fj) * n_lane,
            grid.v_face(fi + finer - 1, fj) * n_lane);
    }
  }
}

JPO_KERNEL inline void UpperHalf::observe(const double* velocity, double* upper) const {
  for_each_coarse([&](std::int64_t component, std::int64_t one, std::int64_t other) {
    store(upper + component, 0.5 * (load(velocity + one) + load(velocity + other)));
  });
}

JPO_KERNEL inline void UpperHalf::observe_transposed(const double* upper, double* velocity) const {
  clear_lanes(velocity, grid.block_size());
  for_each_coarse([&](std::int64_t component, std::int64_t one, std::int64_t other) {
    const Lanes share = 0.5 * load(upper + component);
    store(velocity + one, load(velocity + one) + share);
    store(velocity + other, load(velocity + other) + share);
  });
}

JPO_KERNEL inline Impulse::AlongX Impulse::along_x(const double* m, double* scratch) const {
  constexpr double pi = std::numbers::pi;
  const std::int64_t row = grid.n * n_lane;
  const double inverse = 1.0 / (width * width);
  const auto fill = [&](double position, double* shape, double* slope) {
    for_each_lane([&](std::int64_t lane) {
      const double angle = pi * (position - m[lane]);
      const double distance = std::sin(angle) / pi;
      const double value = std::exp(-0.5 * inverse * distance * distance);
      shape[lane] = value;
      slope[lane] = value * inverse * distance * std::cos(angle);
    });
  };
  for (std::int64_t i = 0; i < grid.n; ++i) {
    const double x = grid.h() * static_cast<double>(i);
    double* at = scratch + i * n_lane;
    fill(x, at, at + row);
    fill(x + 0.5 * grid.h(), at + 2 * row, at + 3 * row);
  }
  return {scratch, scratch + row, scratch + 2 * row, scratch + 3 * row};
}

JPO_KERNEL inline void Impulse::add(const double* m, double* velocity, double* scratch) const {
  const AlongX along = along_x(m, scratch);
  const Lanes f_x = load(m + n_lane);
  const Lanes f_y = load(m + 2 * n_lane);
  for (std::int64_t j = 0; j < grid.n; ++j) {
    for (std::int64_t i = 0; i < grid.n; ++i) {
      double* u = velocity + grid.u_face(i, j) * n_lane;
      double* v = velocity + grid.v_face(i, j) * n_lane;
      store(u, load(u) + rows[j] * (f_x * load(along.u_shape + i * n_lane)));
      store(v, load(v) + rows[grid.n + j] * (f_y * load(along.v_shape + i * n_lane)));
    }
  }
}

JPO_KERNEL inline void Impulse::add_tangent(const double* m, const double* dm, double* velocity,
                                            double* scratch) const {
  const AlongX along = along_x(m, scratch);
  const Lanes f_x = load(m + n_lane);
  const Lanes f_y = load(m + 2 * n_lane);
  const Lanes dx = load(dm);
  const Lanes df_x = load(dm + n_lane);
  const Lanes df_y = load(dm + 2 * n_lane);
  for (std::int64_t j = 0; j < grid.n; ++j) {
    for (std::int64_t i = 0; i < grid.n; ++i) {
      const std::int64_t at = i * n_lane;
      double* u = velocity + grid.u_face(i, j) * n_lane;
      double* v = velocity + grid.v_face(i, j) * n_lane;
      store(u, load(u) + rows[j] * (df_x * load(along.u_shape + at) +
                                    dx * f_x * load(along.u_slope + at)));
      store(v, load(v) + rows[grid.n + j] * (df_y * load(along.v_shape + at) +
                                             dx * f_y * load(along.v_slope + at)));
    }
  }
}

JPO_KERNEL inline void Impulse::adjoint(const double* m, const double* velocity, double* dm,
                                        double* scratch) const {
  const AlongX along = along_x(m, scratch);
  Lanes of_x = lanes_of(0.0), of_f_x = of_x, of_f_y = of_x;
  const Lanes f_x = load(m + n_lane);
  const Lanes f_y = load(m + 2 * n_lane);
  for (std::int64_t i = 0; i < grid.n; ++i) {
    // Sums over column i.
    Lanes of_u = lanes_of(0.0), of_v = of_u;
    for (std::int64_t j = 0; j < grid.n; ++j) {
      of_u = of_u + rows[j] * load(velocity + grid.u_face(i, j) * n_lane);
      of_v = of_v + rows[grid.n + j] * load(velocity + grid.v_face(i, j) * n_lane);
    }
    const std::int64_t at = i * n_lane;
    of_f_x = of_f_x + of_u * load(along.u_shape + at);
    of_f_y = of_f_y + of_v * load(along.v_shape + at);
    of_x = of_x + f_x * of_u * load(along.u_slope + at) + f_y * of_v * load(along.v_slope + at);
  }
  store(dm, of_x);
  store(dm + n_lane, of_f_x);
  store(dm + 2 * n_lane, of_f_y);
}

}  // namespace jpo::navier_stokes
