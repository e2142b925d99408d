#pragma once
// Orthogonal projection of a velocity onto discretely divergence-free velocities.

#include <cstdint>
#include <vector>

#include "lanes/lanes.hpp"
#include "lanes/sparse_cholesky.hpp"
#include "models/navier_stokes/grid.hpp"

namespace jpo::navier_stokes {

/// P = I - D^T (D D^T)^-1 D on open faces, 0 on closed ones. D is h times the divergence in every
/// fluid cell except the first, in which the pressure is fixed at zero. This cell needs no
/// equation, because the divergences of all cells sum to zero. D D^T is then positive definite. P
/// is symmetric: it is its own adjoint.
struct Projection {
  /// Faces of a fluid cell, as offsets in a velocity.
  struct Cell {
    std::int64_t west, east, south, north;
  };

  Grid grid;
  SparseCholeskySweeps factor;
  /// 1 on open faces, 0 on closed ones [face].
  const double* open;
  /// Cell of unknown k of the factor.
  const Cell* cells;
  /// Offset of the pressure of each cell. Solid cells and the first fluid cell use the last entry,
  /// which is 0.
  const std::int64_t* position;

  /// Returns the number of doubles of the pressure: its unknowns, then a 0.
  JPO_KERNEL std::int64_t scratch_size() const { return (factor.size() + 1) * n_lane; }

  /// Replaces velocity [face][lane] of one block by P velocity.
  JPO_KERNEL void apply(double* velocity, double* scratch) const;
};

/// Factor and numbering of the projection, in one memory space.
class Projector {
 public:
  explicit Projector(const Grid& grid, MemorySpace space = MemorySpace::host);

  /// Returns the projection, which is valid during the lifetime of this object.
  Projection projection() const {
    return {grid_, factor_.sweeps(), open_.data(), cells_.data(), position_.data()};
  }
  const SparseCholesky& factor() const { return factor_; }

 private:
  void number_cells(MemorySpace space);

  Grid grid_;
  SparseCholesky factor_;
  KernelArray<double> open_;
  KernelArray<Projection::Cell> cells_;
  KernelArray<std::int64_t> position_;
};

JPO_KERNEL inline void Projection::apply(double* velocity, double* scratch) const {
  double* pressures = scratch;
  for (std::int64_t face = 0; face < grid.n_face(); ++face)
    if (open[face] == 0.0) store(velocity + face * n_lane, lanes_of(0.0));
  store(pressures + factor.size() * n_lane, lanes_of(0.0));
  factor.solve(
      [&](std::int64_t k) __attribute__((always_inline)) {
        const Cell& cell = cells[k];
        return (load(velocity + cell.east) - load(velocity + cell.west)) +
               (load(velocity + cell.north) - load(velocity + cell.south));
      },
      pressures);
  const auto pressure = [&](std::int64_t i, std::int64_t j) __attribute__((always_inline)) {
    return load(pressures + position[grid.cell(i, j)]);
  };
  const auto correct = [&](std::int64_t face, const Lanes& slope) __attribute__((always_inline)) {
    double* at = velocity + face * n_lane;
    store(at, load(at) + open[face] * slope);
  };
  for (std::int64_t j = 0; j < grid.n; ++j) {
    for (std::int64_t i = 0; i < grid.n; ++i) {
      const Lanes here = pressure(i, j);
      correct(grid.u_face(i, j), here - pressure(grid.previous(i), j));
      correct(grid.v_face(i, j), here - pressure(i, grid.previous(j)));
    }
  }
}

}  // namespace jpo::navier_stokes
