#pragma once
// Steps of Gauss-Newton with damping and bounds, for many problems at once: what
// levenberg_marquardt.cpp asks for after each accepted point.
//
//   (H + lambda D) s = -g on the free components,  H = J^T W J + prior curvature,  W = d2L/dF2
//
// A component at its bound whose gradient points outside is not free; a step that leaves the box is
// cut at it. All work is done in units of the parameters' scale.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "inverse/objective.hpp"

namespace jpo {

/// One problem on its way to its answer. Vectors have n_parameter entries.
struct GaussNewtonPath {
  std::int64_t row = 0;
  /// The accepted point.
  std::vector<double> m;
  /// The point to be evaluated next.
  std::vector<double> trial;
  /// DL/dm at m.
  std::vector<double> g;
  /// At m.
  double loss = 0.0;
  /// Lambda.
  double damping = 0.0;
  double damping_growth = 2.0;
  /// Reduction of the loss that the linear model promises for trial.
  double predicted = 0.0;
  /// Size of the projected gradient at the start.
  double first_gradient = 0.0;
  bool started = false;
};

/// Size of the gradient's free part, in units of the parameters' scale.
double projected_gradient(const GaussNewtonPath& path, const ParameterSpace& space);

/// True where component k may move: not at a bound with the gradient pointing outside.
bool is_free(const GaussNewtonPath& path, const ParameterSpace& space, std::size_t k);

/// trial = m + step, cut at the bounds; returns the largest change in units of the scale.
double set_trial(GaussNewtonPath& path, const ParameterSpace& space, std::span<const double> step);

class GaussNewton {
 public:
  GaussNewton() = default;
  GaussNewton(const GaussNewton&) = delete;
  GaussNewton& operator=(const GaussNewton&) = delete;
  GaussNewton(GaussNewton&&) = delete;
  GaussNewton& operator=(GaussNewton&&) = delete;
  virtual ~GaussNewton() = default;

  /// Solves that one linearization costs, at most.
  virtual std::int64_t n_solve() const = 0;
  /// Gradient and linear model of the paths with needed[k] != 0, at the points of the last
  /// evaluate call: path k was its asked problem k. Sets g, and what the steps need.
  virtual void linearize(std::span<GaussNewtonPath> paths, std::span<const std::uint8_t> needed,
                         Ledger& ledger) = 0;
  /// Sets trial and predicted of path k; `again` where the last trial was rejected. Returns the
  /// largest change in units of the scale.
  virtual double propose(std::span<GaussNewtonPath> paths, std::size_t k, bool again) = 0;
  /// Moves the data of slot `from` to slot `to`.
  virtual void move(std::size_t from, std::size_t to) = 0;
  /// What the steps of path k need, as numbers, and back.
  virtual std::vector<double> state(std::size_t k) const = 0;
  virtual void set_state(std::size_t k, std::span<const double> numbers) = 0;
};

/// Normal equations from n_parameter tangents, factored by PETSc: for few unknowns.
std::unique_ptr<GaussNewton> make_dense_gauss_newton(Objective& objective, std::int64_t window);

/// Conjugate gradients, each iteration a tangent and an adjoint solve: for many unknowns. A
/// rejected step is shortened, not solved for again.
std::unique_ptr<GaussNewton> make_cg_gauss_newton(Objective& objective, std::int64_t window,
                                                  std::int64_t max_iterations);

}  // namespace jpo
