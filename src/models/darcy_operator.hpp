#pragma once
// The discrete operator of the Darcy model and the PETSc solver that inverts it.

#include <cstdint>
#include <span>
#include <vector>

#include <petscksp.h>

#include "core/handle.hpp"

namespace jpo {

/// A(k) u = b is the balance of flows of -div(exp(k) grad u) = f over n x n square cells of the
/// unit square, u = 0 on its edges; unknowns and k live at cell centres, cell = row * n + column.
/// Across a face flows T (u_p - u_q), T = 2 / (exp(-k_p) + exp(-k_q)): the harmonic mean, exact for
/// layers. An edge is half a cell away: T = 2 exp(k_p). b = h^2 f. A is symmetric, bit for bit, and
/// positive definite.
///
/// The solver takes PETSc options with the prefix `darcy_`. Default: Cholesky with nested
/// dissection and one symbolic factorization for all k (as for any direct PETSc or CHOLMOD
/// factorization). What other preconditioners learn from one k could change the bits of the next:
/// they start anew. Iterative solvers get a relative tolerance of 1e-12 unless the options say
/// otherwise.
class DarcyOperator {
 public:
  explicit DarcyOperator(PetscInt n_grid);

  PetscInt n_grid() const { return n_; }
  std::size_t n_cell() const { return resistance_.size(); }
  double cell_width() const { return 1.0 / static_cast<double>(n_); }

  /// A becomes A(k); the old one is lost. False where exp(k) is not finite or leaves
  /// [1e-300, 1e300]: then A is as before.
  [[nodiscard]] bool set_log_coefficient(std::span<const double> k);

  /// x = A^-1 b; the first solve after set_log_coefficient factors. A is symmetric: this is also
  /// x = A^-T b. Throws std::runtime_error where the solver does not converge.
  void solve(std::span<const double> b, std::span<double> x);

  /// result = (dA(k)/dk [dk]) u.
  void apply_derivative(std::span<const double> dk, std::span<const double> u,
                        std::span<double> result) const;
  /// g = d(lambda . A(k) u)/dk.
  void pull_back(std::span<const double> lambda, std::span<const double> u,
                 std::span<double> g) const;

  /// b = h^2 f at the cell centres, of a source f(x, y).
  template <class Source>
  void integrate(Source&& f, std::span<double> b) const {
    const double h = cell_width();
    const auto centre = [h](PetscInt i) { return h * (static_cast<double>(i) + 0.5); };
    for (PetscInt row = 0; row < n_; ++row)
      for (PetscInt column = 0; column < n_; ++column)
        b[row * n_ + column] = h * h * f(centre(column), centre(row));
  }

  Mat matrix() const { return matrix_.get(); }
  /// Memory of matrix, factors and vectors after a solve; preconditioners without a factor are
  /// taken as three matrices.
  double kept_bytes() const;

 private:
  // body(p, q) for every face between two cells.
  template <class Body>
  void for_each_face(Body&& body) const;
  // body(p, n_edge) for every cell at the edge of the square, with the number of its edges.
  template <class Body>
  void for_each_edge_cell(Body&& body) const;
  double across(PetscInt p, PetscInt q) const;  ///< T of the face between two cells
  double to_edge(PetscInt p) const;             ///< T between a cell and the edge
  void assemble();
  void make_solver();

  PetscInt n_;
  std::vector<double> resistance_;  ///< exp(-k)
  bool keeps_pattern_ = true;       ///< the symbolic part of the factorization stays valid
  Handle<Mat, MatDestroy> matrix_;
  Handle<Vec, VecDestroy> b_, x_;
  Handle<KSP, KSPDestroy> solver_;
};

}  // namespace jpo
