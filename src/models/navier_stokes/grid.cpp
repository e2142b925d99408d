#include "models/navier_stokes/grid.hpp"

#include <cmath>

namespace jpo::navier_stokes {

std::vector<char> fluid_cells(const Grid& grid) {
  std::vector<char> fluid;
  for (std::int64_t j = 0; j < grid.n; ++j) {
    for (std::int64_t i = 0; i < grid.n; ++i) {
      double dx = grid.h() * (static_cast<double>(i) + 0.5) - grid.cylinder.x;
      // Distance to the nearest periodic image.
      dx -= std::round(dx);
      const double dy = grid.h() * (static_cast<double>(j) + 0.5) - grid.cylinder.y;
      const double radius = grid.cylinder.radius;
      fluid.push_back(dx * dx + dy * dy < radius * radius ? 0 : 1);
    }
  }
  return fluid;
}

std::vector<double> open_faces(const Grid& grid) {
  const std::vector<char> fluid = fluid_cells(grid);
  std::vector<double> open(grid.n_face());
  const auto is_fluid = [&](std::int64_t i, std::int64_t j) { return fluid[grid.cell(i, j)] != 0; };
  for (std::int64_t j = 0; j < grid.n; ++j) {
    for (std::int64_t i = 0; i < grid.n; ++i) {
      const bool wall = grid.walls && j == 0;
      open[grid.u_face(i, j)] = is_fluid(i, j) && is_fluid(grid.previous(i), j) ? 1.0 : 0.0;
      open[grid.v_face(i, j)] =
          !wall && is_fluid(i, j) && is_fluid(i, grid.previous(j)) ? 1.0 : 0.0;
    }
  }
  return open;
}

}  // namespace jpo::navier_stokes
