#pragma once
// Base class of a model that is written for one problem with plain PETSc: the easiest way to add a
// model. diffusion.cpp is the example to copy.

#include <memory>
#include <span>
#include <vector>

#include "models/forward_model.hpp"

namespace jpo {

/// PETSc objects and states of one problem, kept from solve to solve. Any member may throw, as
/// PETSC(...) does. A solve that throws has the status solver_failed; a row of an adjoint or
/// tangent becomes NaN. A new workspace is then made before the next solve.
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
};

/// A derived class implements shape(), sample() and make_workspace().
class PerProblemModel : public ForwardModel {
 public:
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override;
  void adjoint(const Batch& w, Batch& g) override;
  void tangent(const Batch& v, Batch& dy) override;

 protected:
  virtual std::unique_ptr<ProblemWorkspace> make_workspace() const = 0;

 private:
  /// Returns null if make_workspace() throws.
  std::unique_ptr<ProblemWorkspace> try_make_workspace() const;
  /// One workspace per row of the largest batch; null after a failure.
  std::vector<std::unique_ptr<ProblemWorkspace>> workspaces_;
};

}  // namespace jpo
