#pragma once
// The time-stepping scheme of the Navier-Stokes model (see navier_stokes.cpp) on interleaved states
// of one block: forward, adjoint and tangent, with checkpoints.

#include <cstdint>

#include "models/checkpoints.hpp"
#include "models/lanes.hpp"
#include "models/navier_stokes_fluxes.hpp"
#include "models/navier_stokes_grid.hpp"
#include "models/navier_stokes_projection.hpp"

namespace jpo::navier_stokes {

/// u[0] = P u0, u[t+1] = P (u[t] + dt (3/2 N[t] - 1/2 N[t-1])), and u[1] = P (u[0] + dt N[0]).
/// Buffers are its own, so one object serves one thread. Velocities are [face][lane].
class Steps {
 public:
  Steps(const Grid& grid, const Checkpoints& checkpoints);

  /// Doubles of the record of one block: what forward() leaves for adjoint() and tangent().
  std::int64_t record_size() const { return checkpoints_.n_record() * grid_.block_size(); }
  /// A kept state of a record: checkpoints().keeps(step).
  double* state(double* record, std::int64_t step) const {
    return record + checkpoints_.place(step) * grid_.block_size();
  }
  const double* state(const double* record, std::int64_t step) const {
    return record + checkpoints_.place(step) * grid_.block_size();
  }

  /// u[1] .. u[n_step] from u0, which is given, not yet projected, as state 0 of the record.
  void forward(double* record);

  /// velocity = (du[n_step] / du0) velocity.
  void tangent(const double* record, double* velocity);

  /// velocity = (du[n_step] / du0)^T velocity.
  void adjoint(const double* record, double* velocity);

  /// rate = N(u) on every face; for tests of the scheme.
  void rate(const double* u, double* rate);

  const Grid& grid() const { return grid_; }
  const Checkpoints& checkpoints() const { return checkpoints_; }
  const Projection& projection() const { return projection_; }

 private:
  void advance(std::int64_t t, const double* u, double* result);
  void advance_tangent(std::int64_t t, const double* u, const double* v, double* result);
  void pull_back(std::int64_t t, const double* u, const double* mu_next2, const double* mu_next,
                 double* lambda);
  void recompute(const double* record, std::int64_t segment);
  const double* state_in_segment(const double* record, std::int64_t segment, std::int64_t t) const;
  double newer(std::int64_t t) const { return t == 0 ? grid_.dt : 1.5 * grid_.dt; }
  double older(std::int64_t t) const { return t == 0 ? 0.0 : 0.5 * grid_.dt; }

  Grid grid_;
  Checkpoints checkpoints_;
  Projection projection_;
  FluxScale scale_;
  SweepRows rows_;
  Field field_, other_;
  LaneBuffer rate_;          ///< N[t-1], then N[t]
  LaneBuffer tangent_rate_;  ///< its derivative; in the adjoint: the cotangent of N[t]
  LaneBuffer between_;       ///< states between two checkpoints
  LaneBuffer spare_, spare2_;
};

}  // namespace jpo::navier_stokes
