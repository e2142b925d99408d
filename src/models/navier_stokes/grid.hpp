#pragma once
// The staggered grid of the Navier-Stokes model: n x n cells of the unit square, u on vertical
// faces, v on horizontal ones, pressure in the cells (Harlow, Welch 1965, doi 10.1063/1.1761178).
//
//   u(i, j) at (i h, (j + 1/2) h), v(i, j) at ((i + 1/2) h, j h), i, j = 0 .. n-1.
//
// Both directions are stored periodically. The walls at y = 0 and y = 1 are the closed row v(., 0),
// which is also v(., n). The channel and the doubly periodic square therefore have the same
// storage.

#include <cstdint>
#include <vector>

#include "lanes/lanes.hpp"

namespace jpo::navier_stokes {

struct Cylinder {
  double x = 0.0, y = 0.0;
  /// 0: no cylinder.
  double radius = 0.0;
};

/// The discretization: n x n cells, n_step steps of dt.
struct Grid {
  std::int64_t n = 0;
  double viscosity = 0.0;
  double dt = 0.0;
  std::int64_t n_step = 0;
  /// True: no slip at y = 0 and y = 1; false: periodic in y, too.
  bool walls = true;
  Cylinder cylinder{};

  JPO_KERNEL double h() const { return 1.0 / static_cast<double>(n); }
  JPO_KERNEL std::int64_t n_cell() const { return n * n; }
  JPO_KERNEL std::int64_t n_face() const { return 2 * n * n; }
  JPO_KERNEL std::int64_t cell(std::int64_t i, std::int64_t j) const { return j * n + i; }
  JPO_KERNEL std::int64_t u_face(std::int64_t i, std::int64_t j) const { return j * n + i; }
  JPO_KERNEL std::int64_t v_face(std::int64_t i, std::int64_t j) const { return n * n + j * n + i; }
  JPO_KERNEL std::int64_t next(std::int64_t i) const { return i + 1 < n ? i + 1 : 0; }
  JPO_KERNEL std::int64_t previous(std::int64_t i) const { return i > 0 ? i - 1 : n - 1; }
  /// Returns the number of doubles of a velocity [face][lane] of one block.
  JPO_KERNEL std::int64_t block_size() const { return n_face() * n_lane; }
};

/// Returns 1 for fluid cells, 0 for cells with their centre inside the cylinder [cell].
std::vector<char> fluid_cells(const Grid& grid);

/// Returns 1 for faces between two fluid cells, 0 for walls and for faces of a solid cell [face].
std::vector<double> open_faces(const Grid& grid);

/// Read access to a velocity [face][lane] and its values beyond the boundary: i, j from -1 to n.
/// Periodic in x. Beyond a wall, u is minus its value before the wall (no slip, second order); v is
/// zero on a wall.
class Field {
 public:
  /// Returns the number of doubles of the rows beyond the walls.
  JPO_KERNEL static std::int64_t beyond_size(const Grid& grid) { return 2 * grid.n * n_lane; }

  /// Refers to `velocity` and `beyond`; writes the rows of u beyond the walls to `beyond`.
  JPO_KERNEL Field(const Grid& grid, const double* velocity, double* beyond)
      : n_(grid.n), velocity_(velocity) {
    const std::int64_t row = n_ * n_lane;
    if (!grid.walls) {
      below_ = velocity + (n_ - 1) * row;
      above_ = velocity;
      return;
    }
    below_ = beyond;
    above_ = beyond + row;
    for (std::int64_t k = 0; k < row; k += n_lane) {
      store(beyond + k, -1.0 * load(velocity + k));
      store(beyond + row + k, -1.0 * load(velocity + (n_ - 1) * row + k));
    }
  }

  JPO_KERNEL [[gnu::always_inline]] Lanes u(std::int64_t i, std::int64_t j) const {
    const double* row = j < 0 ? below_ : (j < n_ ? velocity_ + j * n_ * n_lane : above_);
    return load(row + on_circle(i) * n_lane);
  }
  JPO_KERNEL [[gnu::always_inline]] Lanes v(std::int64_t i, std::int64_t j) const {
    return load(velocity_ + ((n_ + on_circle(j)) * n_ + on_circle(i)) * n_lane);
  }

 private:
  JPO_KERNEL [[gnu::always_inline]] std::int64_t on_circle(std::int64_t i) const {
    return i < 0 ? i + n_ : (i < n_ ? i : i - n_);
  }

  std::int64_t n_;
  const double* velocity_;
  const double* below_;
  const double* above_;
};

}  // namespace jpo::navier_stokes
