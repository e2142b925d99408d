#pragma once
// Steps of Gauss-Newton with damping and bounds, for many problems at once; levenberg_marquardt.cpp
// uses them.
//
//   (H + lambda D) s = -g on the free components,  H = J^T W J + prior curvature,  W = d2L/dF2
//
// A component at a bound is not free if descent would leave the box there. A step that leaves the
// box is cut at its bounds. All computations use the scale of the parameters as unit.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "inverse/objective.hpp"

namespace jpo {

/// State of the solve of one problem. Vectors have n_parameter entries.
struct GaussNewtonPath {
  std::int64_t row = 0;
  /// The accepted point.
  std::vector<double> m;
  /// The point to be evaluated next.
  std::vector<double> trial;
  /// Gradient dL/dm at m.
  std::vector<double> g;
  /// Loss at m.
  double loss = 0.0;
  /// The factor lambda.
  double damping = 0.0;
  /// Factor of the next increase of lambda.
  double damping_growth = 2.0;
  /// Reduction of the loss that the linear model predicts for trial.
  double predicted = 0.0;
  /// Norm of the projected gradient at the start.
  double first_gradient = 0.0;
  /// True after the linearization at the start.
  bool started = false;
};

/// Returns the norm of the free components of the gradient, times the scale of the parameters.
double projected_gradient(const GaussNewtonPath& path, const ParameterSpace& space);

/// Returns true if component k is free: not at a bound, or descent leads into the box.
bool is_free(const GaussNewtonPath& path, const ParameterSpace& space, std::size_t k);

/// Sets trial = m + step, cut at the bounds. Returns the largest change in units of the scale.
double set_trial(GaussNewtonPath& path, const ParameterSpace& space, std::span<const double> step);

/// Linear model and steps of many paths. No function is collective.
class GaussNewton {
 public:
  GaussNewton() = default;
  GaussNewton(const GaussNewton&) = delete;
  GaussNewton& operator=(const GaussNewton&) = delete;
  GaussNewton(GaussNewton&&) = delete;
  GaussNewton& operator=(GaussNewton&&) = delete;
  virtual ~GaussNewton() = default;

  /// Returns the largest number of solves in one linearization.
  virtual std::int64_t n_solve() const = 0;
  /// Computes g and the linear model of the paths with needed[k] != 0, at the points of the last
  /// evaluation; path k was its row k.
  virtual void linearize(std::span<GaussNewtonPath> paths, std::span<const std::uint8_t> needed,
                         Ledger& ledger) = 0;
  /// Sets trial and predicted of path k; `again` is true if the last trial was rejected. Returns
  /// the largest change in units of the scale. Throws std::runtime_error if the matrix is not
  /// positive definite.
  virtual double propose(std::span<GaussNewtonPath> paths, std::size_t k, bool again) = 0;
  /// Moves the data of slot `from` to slot `to`.
  virtual void move(std::size_t from, std::size_t to) = 0;
  /// Returns the linear model of path k as numbers, for checkpoints.
  virtual std::vector<double> state(std::size_t k) const = 0;
  /// Sets the linear model of path k to numbers from state().
  virtual void set_state(std::size_t k, std::span<const double> numbers) = 0;
};

/// Makes the solver for few unknowns: normal equations from n_parameter tangents, factored by
/// PETSc. `window` is the largest number of paths.
std::unique_ptr<GaussNewton> make_dense_gauss_newton(Objective& objective, std::int64_t window);

/// Makes the solver for many unknowns: conjugate gradients, each iteration with a tangent and an
/// adjoint solve. A rejected step is shortened instead of solving again.
std::unique_ptr<GaussNewton> make_cg_gauss_newton(Objective& objective, std::int64_t window,
                                                  std::int64_t max_iterations);

}  // namespace jpo
