#include "models/navier_stokes_projection.hpp"

#include <array>

#include "core/checks.hpp"
#include "core/handle.hpp"

namespace jpo::navier_stokes {
namespace {

using MatHandle = Handle<Mat, MatDestroy>;

// The unknown pressures: fluid cells but the first, in the order of the cells.
std::vector<std::int64_t> unknown_cells(const Grid& grid) {
  const std::vector<char> fluid = fluid_cells(grid);
  std::vector<std::int64_t> cells;
  for (std::int64_t cell = 0; cell < grid.n_cell(); ++cell)
    if (fluid[static_cast<std::size_t>(cell)] != 0) cells.push_back(cell);
  cells.erase(cells.begin());
  return cells;
}

// D D^T: the number of open faces of a cell on the diagonal, -1 for each neighbour across one.
MatHandle pressure_operator(const Grid& grid, const std::vector<double>& open) {
  const std::vector<std::int64_t> cells = unknown_cells(grid);
  std::vector<PetscInt> row_of(static_cast<std::size_t>(grid.n_cell()), -1);
  for (std::size_t k = 0; k < cells.size(); ++k)
    row_of[static_cast<std::size_t>(cells[k])] = static_cast<PetscInt>(k);
  const auto n = static_cast<PetscInt>(cells.size());
  MatHandle matrix;
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, 5, nullptr, matrix.put()));
  for (PetscInt row = 0; row < n; ++row) {
    const std::int64_t i = cells[static_cast<std::size_t>(row)] % grid.n;
    const std::int64_t j = cells[static_cast<std::size_t>(row)] / grid.n;
    const auto column = [&](std::int64_t ii, std::int64_t jj) {
      return row_of[static_cast<std::size_t>(grid.cell(ii, jj))];
    };
    const auto at = [&](std::int64_t face) { return open[static_cast<std::size_t>(face)]; };
    const std::array<double, 4> share = {at(grid.u_face(i, j)), at(grid.u_face(grid.next(i), j)),
                                         at(grid.v_face(i, j)), at(grid.v_face(i, grid.next(j)))};
    const std::array<PetscInt, 5> columns = {column(grid.previous(i), j), column(grid.next(i), j),
                                             column(i, grid.previous(j)), column(i, grid.next(j)),
                                             row};
    const std::array<PetscScalar, 5> values = {-share[0], -share[1], -share[2], -share[3],
                                               share[0] + share[1] + share[2] + share[3]};
    // Negative columns, solid cells and the pinned one, are ignored.
    PETSC(MatSetValues(matrix.get(), 1, &row, 5, columns.data(), values.data(), ADD_VALUES));
  }
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

}  // namespace

Projection::Projection(const Grid& grid)
    : grid_(grid), open_(open_faces(grid)), factor_(pressure_operator(grid, open_).get()) {
  number_cells();
  pressure_.reserve((factor_.size() + 1) * n_lane);  // its last entry stays 0
}

void Projection::number_cells() {
  const std::vector<std::int64_t> unknowns = unknown_cells(grid_);
  position_.assign(static_cast<std::size_t>(grid_.n_cell()), factor_.size() * n_lane);
  for (std::int64_t k = 0; k < factor_.size(); ++k) {
    const std::int64_t cell = unknowns[static_cast<std::size_t>(factor_.row_of(k))];
    const std::int64_t i = cell % grid_.n;
    const std::int64_t j = cell / grid_.n;
    position_[static_cast<std::size_t>(cell)] = k * n_lane;
    cells_.push_back({grid_.u_face(i, j) * n_lane, grid_.u_face(grid_.next(i), j) * n_lane,
                      grid_.v_face(i, j) * n_lane, grid_.v_face(i, grid_.next(j)) * n_lane});
  }
}

void Projection::apply(double* velocity) {
  for (std::int64_t face = 0; face < grid_.n_face(); ++face)
    if (open_[static_cast<std::size_t>(face)] == 0.0)
      store(velocity + face * n_lane, lanes_of(0.0));
  factor_.solve(
      [&](std::int64_t k) __attribute__((always_inline)) {
        const Cell& cell = cells_[static_cast<std::size_t>(k)];
        return (load(velocity + cell.east) - load(velocity + cell.west)) +
               (load(velocity + cell.north) - load(velocity + cell.south));
      },
      pressure_.data());
  const auto pressure = [&](std::int64_t i, std::int64_t j) __attribute__((always_inline)) {
    return load(pressure_.data() + position_[static_cast<std::size_t>(grid_.cell(i, j))]);
  };
  const auto correct = [&](std::int64_t face, const Lanes& slope) __attribute__((always_inline)) {
    double* at = velocity + face * n_lane;
    store(at, load(at) + open_[static_cast<std::size_t>(face)] * slope);
  };
  for (std::int64_t j = 0; j < grid_.n; ++j) {
    for (std::int64_t i = 0; i < grid_.n; ++i) {
      const Lanes here = pressure(i, j);
      correct(grid_.u_face(i, j), here - pressure(grid_.previous(i), j));
      correct(grid_.v_face(i, j), here - pressure(i, grid_.previous(j)));
    }
  }
}

}  // namespace jpo::navier_stokes
