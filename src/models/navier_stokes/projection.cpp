#include "models/navier_stokes/projection.hpp"

#include <array>

#include "core/checks.hpp"
#include "core/petsc_handles.hpp"

namespace jpo::navier_stokes {
namespace {

// Returns the cells with an unknown pressure: all fluid cells except the first.
std::vector<std::int64_t> unknown_cells(const Grid& grid) {
  const std::vector<char> fluid = fluid_cells(grid);
  std::vector<std::int64_t> cells;
  for (std::int64_t cell = 0; cell < grid.n_cell(); ++cell)
    if (fluid[cell] != 0) cells.push_back(cell);
  cells.erase(cells.begin());
  return cells;
}

// Returns D D^T. The diagonal is the number of open faces of a cell; the entry of each neighbour
// across an open face is -1.
MatHandle pressure_operator(const Grid& grid, const std::vector<double>& open) {
  const std::vector<std::int64_t> cells = unknown_cells(grid);
  std::vector<PetscInt> row_of(grid.n_cell(), -1);
  for (std::size_t k = 0; k < cells.size(); ++k) row_of[cells[k]] = static_cast<PetscInt>(k);
  const auto n = static_cast<PetscInt>(cells.size());
  MatHandle matrix;
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, 5, nullptr, matrix.put()));
  for (PetscInt row = 0; row < n; ++row) {
    const std::int64_t i = cells[row] % grid.n;
    const std::int64_t j = cells[row] / grid.n;
    const auto column = [&](std::int64_t ii, std::int64_t jj) { return row_of[grid.cell(ii, jj)]; };
    const auto at = [&](std::int64_t face) { return open[face]; };
    const std::array<double, 4> share = {at(grid.u_face(i, j)), at(grid.u_face(grid.next(i), j)),
                                         at(grid.v_face(i, j)), at(grid.v_face(i, grid.next(j)))};
    const std::array<PetscInt, 5> columns = {column(grid.previous(i), j), column(grid.next(i), j),
                                             column(i, grid.previous(j)), column(i, grid.next(j)),
                                             row};
    const std::array<PetscScalar, 5> values = {-share[0], -share[1], -share[2], -share[3],
                                               share[0] + share[1] + share[2] + share[3]};
    // PETSc ignores negative columns: solid cells and the cell with pressure zero.
    PETSC(MatSetValues(matrix.get(), 1, &row, 5, columns.data(), values.data(), ADD_VALUES));
  }
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

}  // namespace

Projector::Projector(const Grid& grid, MemorySpace space)
    : grid_(grid),
      factor_(pressure_operator(grid, open_faces(grid)).get(), MATORDERINGND, space),
      open_(space, open_faces(grid)),
      cells_(space),
      position_(space) {
  number_cells(space);
}

void Projector::number_cells(MemorySpace space) {
  const std::vector<std::int64_t> unknowns = unknown_cells(grid_);
  std::vector<Projection::Cell> cells;
  std::vector<std::int64_t> position(grid_.n_cell(), factor_.size() * n_lane);
  for (std::int64_t k = 0; k < factor_.size(); ++k) {
    const std::int64_t cell = unknowns[factor_.row_of(k)];
    const std::int64_t i = cell % grid_.n;
    const std::int64_t j = cell / grid_.n;
    position[cell] = k * n_lane;
    cells.push_back({grid_.u_face(i, j) * n_lane, grid_.u_face(grid_.next(i), j) * n_lane,
                     grid_.v_face(i, j) * n_lane, grid_.v_face(i, grid_.next(j)) * n_lane});
  }
  cells_ = KernelArray(space, cells);
  position_ = KernelArray(space, position);
}

}  // namespace jpo::navier_stokes
