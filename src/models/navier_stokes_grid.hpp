#pragma once
// The staggered grid of the Navier-Stokes model: n x n cells of the unit square, u on vertical
// faces, v on horizontal ones, pressure in the cells (Harlow, Welch 1965, doi 10.1063/1.1761178).
//
//   u(i, j) at (i h, (j + 1/2) h), v(i, j) at ((i + 1/2) h, j h), i, j = 0 .. n-1.
//
// Both directions are stored periodically. A wall at y = 0 and y = 1 is the closed row v(., 0),
// which is also v(., n): one storage serves the channel and the doubly periodic square.

#include <cstdint>
#include <vector>

#include "models/lanes.hpp"

namespace jpo::navier_stokes {

struct Cylinder {
  double x = 0.0, y = 0.0;
  double radius = 0.0;  ///< 0: there is none
};

/// The discretization: n x n cells, n_step steps of dt.
struct Grid {
  std::int64_t n = 0;
  double viscosity = 0.0;
  double dt = 0.0;
  std::int64_t n_step = 0;
  bool walls = true;  ///< no slip at y = 0 and y = 1; false: periodic in y, too
  Cylinder cylinder{};

  double h() const { return 1.0 / static_cast<double>(n); }
  std::int64_t n_cell() const { return n * n; }
  std::int64_t n_face() const { return 2 * n * n; }
  std::int64_t cell(std::int64_t i, std::int64_t j) const { return j * n + i; }
  std::int64_t u_face(std::int64_t i, std::int64_t j) const { return j * n + i; }
  std::int64_t v_face(std::int64_t i, std::int64_t j) const { return n * n + j * n + i; }
  std::int64_t next(std::int64_t i) const { return i + 1 < n ? i + 1 : 0; }
  std::int64_t previous(std::int64_t i) const { return i > 0 ? i - 1 : n - 1; }
  /// Doubles of a velocity [face][lane] of one block.
  std::int64_t block_size() const { return n_face() * n_lane; }
};

/// 1 in fluid cells, 0 where the centre is inside the cylinder. [cell]
std::vector<char> fluid_cells(const Grid& grid);

/// 1 on faces between two fluid cells, 0 on walls and on faces of a solid cell. [face]
std::vector<double> open_faces(const Grid& grid);

/// A velocity read with its neighbours across the boundary: i, j from -1 to n. Periodic in x; in y,
/// u beyond a wall is minus u before it (no slip, second order), v is periodic with the wall's
/// zero.
class Field {
 public:
  explicit Field(const Grid& grid);

  /// Looks at `velocity` [face][lane] until the next call.
  void look_at(const double* velocity);

  Lanes u(std::int64_t i, std::int64_t j) const { return load(u_[j + 1] + column_[i + 1]); }
  Lanes v(std::int64_t i, std::int64_t j) const { return load(v_[j + 1] + column_[i + 1]); }

 private:
  std::int64_t n_;
  bool walls_;
  std::vector<const double*> u_, v_;  ///< rows -1 .. n
  std::vector<std::int64_t> column_;  ///< offsets of columns -1 .. n
  LaneBuffer below_, above_;          ///< u beyond the walls
};

}  // namespace jpo::navier_stokes
