#pragma once
// Orthogonal projection of a velocity onto the discretely divergence-free ones.

#include <cstdint>
#include <vector>

#include "models/navier_stokes_grid.hpp"
#include "models/sparse_cholesky.hpp"

namespace jpo::navier_stokes {

/// P = I - D^T (D D^T)^-1 D on open faces, 0 on closed ones; D is h times the divergence in every
/// fluid cell but one: the divergences of all cells sum to zero, and with the pressure of that cell
/// pinned to zero D D^T is positive definite. P is symmetric: it is its own adjoint.
class Projection {
 public:
  explicit Projection(const Grid& grid);

  /// velocity = P velocity, for one block [face][lane].
  void apply(double* velocity);

  const std::vector<double>& open() const { return open_; }
  const SparseCholesky& factor() const { return factor_; }

 private:
  struct Cell {
    std::int64_t west, east, south, north;  ///< offsets of its faces in a velocity
  };
  void number_cells();

  Grid grid_;
  std::vector<double> open_;  ///< [face]
  SparseCholesky factor_;
  std::vector<Cell> cells_;             ///< of unknown k of the factor
  std::vector<std::int64_t> position_;  ///< [cell] -> offset in pressure_; n_unknown: always 0
  LaneBuffer pressure_;                 ///< [unknown + 1][lane]
};

}  // namespace jpo::navier_stokes
