#pragma once
// Interface of a forward model y = F(m; c). It solves a whole batch at once. The bits of a
// problem's result do not depend on the other problems of the batch.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/device/batch.hpp"
#include "core/parameter_space.hpp"
#include "core/random.hpp"

namespace jpo {

/// Status of a solve. A failed solve sets its status and throws no exception.
enum class SolveStatus : std::uint8_t { converged, diverged, solver_failed };

/// States of one problem over time, for figures: [time, grid point] on [0, length).
struct Trajectory {
  std::vector<double> time;
  std::int64_t n_grid = 0;
  double length = 0.0;
  std::vector<double> states;
};

/// Names and units of a Trajectory, for the axes of figures.
struct TrajectoryLabels {
  std::string state = "state";
  std::string state_unit = "1";
  std::string axis = "x";
  std::string axis_unit = "length";
  std::string time_unit = "time";
};

/// Properties of a model.
struct ModelShape {
  /// Names, units, bounds and scales of m.
  ParameterSpace parameters;
  /// Layout of c.
  FieldLayout context;
  /// Layout of y.
  FieldLayout observation;
  bool has_tangent = false;
  /// True if the model has a finer discretization, Resolution::data.
  bool has_finer = false;
  /// Channel k of y is observed at (k + 1) / n_channel of the horizon.
  bool channels_in_time = false;
  /// Memory space of the batches.
  MemorySpace space = MemorySpace::host;
  /// Memory that solve() keeps, in bytes per problem of a full block.
  double state_bytes = 0.0;
  /// Memory of the model on a rank that does not depend on the number of problems, in bytes.
  double fixed_bytes = 0.0;
  /// Additional memory of tangent(), in the same unit.
  double tangent_bytes = 0.0;
  /// Forward work of solve() and adjoint() together, in solves; above 1 if the adjoint recomputes
  /// states to save memory.
  double recompute_factor = 1.0;
  /// States are kept for whole blocks of this many problems.
  std::int64_t state_block = 1;
  TrajectoryLabels trajectory;
};

/// Observations of generated problems are computed at Resolution::data if data.inverse_crime is
/// false: on a finer grid or with a smaller time step, with the same shapes.
enum class Resolution : std::uint8_t { inversion, data };

/// Batches: c [problem, n_context], m [problem, n_parameter], y [problem, n_observation]; all have
/// the same number of problems. Not collective.
class ForwardModel {
 public:
  ForwardModel() = default;
  ForwardModel(const ForwardModel&) = delete;
  ForwardModel& operator=(const ForwardModel&) = delete;
  ForwardModel(ForwardModel&&) = delete;
  ForwardModel& operator=(ForwardModel&&) = delete;
  virtual ~ForwardModel() = default;

  virtual const ModelShape& shape() const = 0;

  /// Draws (c, m) from the prior. The same seed gives the same bits on every rank.
  virtual void sample(std::uint64_t problem_seed, std::span<double> c,
                      std::span<double> m) const = 0;

  /// Draws m from the prior of a problem with context c, inside the bounds: the random starts and
  /// the random simulations of methods. By default, a parameter is uniform between its two bounds,
  /// or normal (centre, scale) and clamped to its bounds if it has not two. Override it if sample()
  /// draws m in another way.
  virtual void sample_parameters(RandomStream& stream, std::span<const double> c,
                                 std::span<double> m) const;

  /// Computes y = F(m; c), row by row, and keeps the states for adjoint and tangent. A row
  /// that does not converge may hold any values and does not change other rows. `status` has one
  /// entry per problem.
  virtual void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) = 0;

  /// Computes g = (dF/dm)^T w, row by row, at the states of the last solve (same number of
  /// problems). It is the exact transpose of the tangent of the discrete solve. Rows that did not
  /// converge may hold any values.
  virtual void adjoint(const Batch& w, Batch& g) = 0;

  /// Computes dy = (dF/dm) v, row by row, at the states of the last solve.
  /// Throws std::logic_error if shape().has_tangent is false.
  virtual void tangent(const Batch& v, Batch& dy);

  /// Returns whether m solves the problem with context c and true parameters `truth` (NaN if
  /// unknown), for a model with a criterion of its own; called for final answers only. By default
  /// the misfit decides.
  virtual std::optional<bool> is_solved(std::span<const double> /*c*/,
                                        std::span<const double> /*truth*/,
                                        std::span<const double> /*m*/) const {
    return std::nullopt;
  }

  /// From now on only the first n channels of y are needed. Solves may end after them; later
  /// channels may then hold any values. Only for models with shape().channels_in_time.
  virtual void observe_channels(std::int64_t /*n*/) {}

  /// Returns about 250 states of problem `row` of the last solve; empty if the model has no
  /// trajectory.
  virtual Trajectory trajectory(std::int64_t /*row*/) const { return {}; }
};

}  // namespace jpo
