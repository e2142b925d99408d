#include "models/kuramoto_sivashinsky/scheme_data.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include <petscmat.h>

#include "core/checks.hpp"
#include "core/petsc_handles.hpp"

namespace jpo::kuramoto_sivashinsky {
namespace {

// Returns B = mass + theta dt A on the periodic grid as a PETSc matrix.
template <class S>
MatHandle step_operator(const Grid& grid, double mass) {
  constexpr int width = 2 * S::half_bandwidth + 1;
  const double d2 = 1.0 / (grid.dx() * grid.dx());
  const double d4 = d2 * d2;
  MatHandle matrix;
  const auto n = static_cast<PetscInt>(grid.n);
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, width, nullptr, matrix.put()));
  for (PetscInt i = 0; i < n; ++i) {
    std::array<PetscInt, width> columns{};
    std::array<PetscScalar, width> row{};
    for (PetscInt d = -S::half_bandwidth; d <= S::half_bandwidth; ++d) {
      const PetscInt k = std::abs(d);
      const PetscInt entry = d + S::half_bandwidth;
      columns[entry] = (i + d + n) % n;
      row[entry] =
          (d == 0 ? mass : 0.0) + S::theta * grid.dt * (S::second[k] * d2 + S::fourth[k] * d4);
    }
    PETSC(MatSetValues(matrix.get(), 1, &i, width, columns.data(), row.data(), INSERT_VALUES));
  }
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

std::vector<double> forcing(const Grid& grid) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < grid.n; ++i)
    values.push_back(
        std::cos(4.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(grid.n)));
  return values;
}

}  // namespace

template <class S>
SchemeData<S>::SchemeData(const Grid& grid, const std::vector<double>& start_matrix,
                          MemorySpace space)
    : grid_(grid),
      start_(step_operator<S>(grid, S::first_mass).get(), space),
      step_(step_operator<S>(grid, S::mass).get(), space),
      forcing_(space, forcing(grid)),
      start_matrix_(space, start_matrix) {}

template <class S>
Physics<S> SchemeData<S>::physics(Start start, const Observed& observed,
                                  std::int64_t n_observation) const {
  start.matrix = start_matrix_.size() == 0 ? nullptr : start_matrix_.data();
  return {{grid_, start_.sweeps(), step_.sweeps(), S::flux / grid_.dx(), forcing_.data()},
          start,
          observed,
          n_observation};
}

template class SchemeData<SecondOrder>;
template class SchemeData<FourthOrder>;

}  // namespace jpo::kuramoto_sivashinsky
