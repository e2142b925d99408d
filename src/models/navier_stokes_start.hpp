#pragma once
// How the Navier-Stokes model starts and what is seen of it: the prior of the initial velocity, the
// unknown impulse, and the upper half of a velocity as rows of a batch.

#include <array>
#include <cstdint>
#include <span>

#include "core/random.hpp"
#include "models/navier_stokes_grid.hpp"

namespace jpo::navier_stokes {

/// A smooth, divergence-free velocity in the upper half of an n x n grid, zero at mid-height and at
/// the top: the discrete curl of a stream function, random Fourier amplitudes times a bump.
/// upper: channels u and v of rows n/2 .. n-1, [2 * (n/2), n]; root mean square speed there: speed.
void draw_upper_velocity(RandomStream& stream, std::int64_t n, double speed,
                         std::span<double> upper);

/// The upper half of velocities on `grid`, seen on a grid `finer` times as coarse.
class UpperHalf {
 public:
  UpperHalf(const Grid& grid, std::int64_t finer);

  /// Components of c and of y: channels u and v of rows n/2 .. n-1 of the coarse grid.
  std::int64_t size() const { return n_ * n_; }

  /// velocity = upper [component][lane] in the upper half, by linear interpolation; 0 in the lower.
  void place(const double* upper, double* velocity) const;
  /// upper = means of the faces around the places of the coarse ones.
  void observe(const double* velocity, double* upper) const;
  /// velocity = observe^T upper.
  void observe_transposed(const double* upper, double* velocity) const;

 private:
  template <class Visit>
  void for_each_seen(Visit&& visit) const;
  void place_finer(const double* upper, double* velocity) const;

  Grid grid_;
  std::int64_t finer_;
  std::int64_t n_;  ///< of the coarse grid
};

/// Velocity gained by m = (x, f_x, f_y): (f_x, f_y) exp(-(sin(pi (X - x)) / pi)^2 / (2 width^2))
/// exp(-(Y - height)^2 / (2 width^2)), periodic in X.
class Impulse {
 public:
  Impulse(const Grid& grid, double height, double width);

  /// velocity += the impulse of m [3][lane].
  void add(const double* m, double* velocity);
  /// velocity += its derivative at m along dm [3][lane].
  void add_tangent(const double* m, const double* dm, double* velocity);
  /// dm = (its derivative at m)^T velocity.
  void adjoint(const double* m, const double* velocity, double* dm);

 private:
  void shape_along_x(const double* m);

  Grid grid_;
  double width_;
  std::vector<double> u_row_, v_row_;  ///< exp of the height, [j]
  LaneBuffer u_shape_, v_shape_;       ///< exp of the position, [i][lane]
  LaneBuffer u_slope_, v_slope_;       ///< its derivative with respect to x
};

}  // namespace jpo::navier_stokes
