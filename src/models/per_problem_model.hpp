#pragma once
// Base class of a model that is written for one problem with plain PETSc: the easiest way to add a
// model. diffusion.cpp is the example to copy.

#include <memory>
#include <span>
#include <vector>

#include "models/forward_model.hpp"

namespace jpo {

/// PETSc objects and the states of the last solve. Any member may throw, as PETSC(...) does. A
/// solve that throws has the status solver_failed; a row of an adjoint or tangent becomes NaN. A
/// new workspace is made before the next call.
class ProblemWorkspace {
 public:
  ProblemWorkspace() = default;
  ProblemWorkspace(const ProblemWorkspace&) = delete;
  ProblemWorkspace& operator=(const ProblemWorkspace&) = delete;
  ProblemWorkspace(ProblemWorkspace&&) = delete;
  ProblemWorkspace& operator=(ProblemWorkspace&&) = delete;
  virtual ~ProblemWorkspace() = default;

  /// Computes y = F(m; c) and keeps the states for adjoint and tangent.
  virtual SolveStatus solve(std::span<const double> c, std::span<const double> m,
                            std::span<double> y) = 0;
  /// Computes g = (dF/dm)^T w at the last solve.
  virtual void adjoint(std::span<const double> w, std::span<double> g) = 0;
  /// Computes dy = (dF/dm) v at the last solve. Needed if shape().has_tangent.
  virtual void tangent(std::span<const double> v, std::span<double> dy);
  /// Returns about 250 states of the last solve, for figures. Optional.
  virtual Trajectory trajectory() { return {}; }
};

/// The states of a batch that are kept from solve() to adjoint() and tangent().
enum class KeptStates : std::uint8_t {
  /// adjoint() and tangent() of the workspace need no states: F is linear in m. One workspace.
  none,
  /// One workspace. adjoint() and tangent() of another problem repeat its solve.
  of_last_problem,
  /// A workspace for each problem of a batch: more memory, no repeated solves.
  of_every_problem,
};

/// A derived class sets shape_ and implements sample() and make_workspace(). Not collective.
/// adjoint() and tangent() throw std::logic_error if the number of problems is not that of the last
/// solve.
class PerProblemModel : public ForwardModel {
 public:
  const ModelShape& shape() const override { return shape_; }
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override;
  void adjoint(const Batch& w, Batch& g) override;
  void tangent(const Batch& v, Batch& dy) override;
  /// Repeats the solve of the problem, if another one was solved after it.
  Trajectory trajectory(std::int64_t row) const override;

 protected:
  virtual std::unique_ptr<ProblemWorkspace> make_workspace() const = 0;
  /// Chooses the states to keep. `workspace_bytes`: memory of one workspace, for `jpo check`. Call
  /// it in the constructor; by default the states of the last problem are kept.
  void set_memory(KeptStates kept, double workspace_bytes);

  ModelShape shape_;

 private:
  /// A workspace and the problem of its states.
  struct Slot {
    std::unique_ptr<ProblemWorkspace> workspace;
    std::int64_t row = -1;
  };
  Slot& slot_of(std::int64_t row) const;
  void repeat_solve(Slot& slot, std::int64_t row) const;
  template <class Work>
  bool try_row(std::int64_t row, bool needs_states, Work&& work) const;
  template <class Work>
  void for_each_row(const Batch& in, Batch& out, Work&& work);

  KeptStates kept_ = KeptStates::of_last_problem;
  /// One slot, or one per row of the largest batch. Repeated solves change it.
  mutable std::vector<Slot> slots_;
  /// The last solve: c and m [row][component], and whether a row has failed.
  std::int64_t n_ = 0;
  std::vector<double> c_, m_;
  mutable std::vector<bool> has_failed_;
};

}  // namespace jpo
