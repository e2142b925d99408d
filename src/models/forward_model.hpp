#pragma once
// The contract of a forward model y = F(m given c). It works on a whole batch at once. The result
// of a problem does not depend on its neighbours in the batch, bit for bit.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/device/batch.hpp"
#include "core/parameter_space.hpp"

namespace jpo {

/// A failed solve is data, not an exception.
enum class SolveStatus : std::uint8_t { converged, diverged, solver_failed };

struct ModelShape {
  /// Of m.
  ParameterSpace parameters;
  /// Of c.
  FieldLayout context;
  /// Of y.
  FieldLayout observation;
  bool has_tangent = false;
  /// True if it can be built at Resolution::data, finer than Resolution::inversion.
  bool has_finer = false;
  /// Channel k of y is observed at (k + 1) / n_channel of the horizon.
  bool channels_in_time = false;
  /// Memory of the batches.
  MemorySpace space = MemorySpace::host;
  /// Memory that solve() keeps, in bytes per problem of a full block.
  double state_bytes = 0.0;
  /// Additional memory of tangent(), in the same unit.
  double tangent_bytes = 0.0;
  /// Forward work of solve() and adjoint() together, in solves: > 1 if states are recomputed to
  /// save memory.
  double recompute_factor = 1.0;
  /// States are kept for whole blocks of this many problems.
  std::int64_t state_block = 1;
};

/// States of one problem over time, for figures: [time, grid point] on [0, length).
struct Trajectory {
  std::vector<double> time;
  std::int64_t n_grid = 0;
  double length = 0.0;
  std::vector<double> states;
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

  /// A draw of (c, m) from the prior. The same seed gives the same bits anywhere.
  virtual void sample(std::uint64_t problem_seed, std::span<double> c,
                      std::span<double> m) const = 0;

  /// y = F(m given c), row by row; keeps the states for adjoint and tangent. A row that does not
  /// converge may hold anything and changes no other row. `status` has one entry per problem.
  virtual void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) = 0;

  /// g = (dF/dm)^T w, row by row, at the states of the last solve (same number of problems).
  /// The exact transpose of the discrete solve. Rows that did not converge may hold anything.
  virtual void adjoint(const Batch& w, Batch& g) = 0;

  /// dy = (dF/dm) v, row by row, at the states of the last solve.
  /// Throws std::logic_error if shape().has_tangent is false.
  virtual void tangent(const Batch& v, Batch& dy);

  /// From now on only the first n channels of y are needed, and solves may end there; later
  /// channels may hold anything. Only for models with shape().channels_in_time.
  virtual void observe_channels(std::int64_t /*n*/) {}

  /// States of problem `row` of the last solve, about 250 of them; empty if the model has no
  /// trajectory.
  virtual Trajectory trajectory(std::int64_t /*row*/) const { return {}; }
};

}  // namespace jpo
