#include "models/per_problem_model.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <stdexcept>

namespace jpo {
namespace {

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

// Calls `work` with the workspace. The result row becomes NaN if `work` throws, or if there is no
// workspace after an earlier failure.
template <class Work>
void run_or_set_nan(std::unique_ptr<ProblemWorkspace>& workspace, std::span<double> result,
                    Work&& work) {
  try {
    if (workspace) {
      work(*workspace);
      return;
    }
  } catch (const std::exception&) {
    workspace.reset();
  }
  std::ranges::fill(result, std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

void ProblemWorkspace::tangent(std::span<const double> /*v*/, std::span<double> /*dy*/) {
  throw std::logic_error("this model has no tangent");
}

std::unique_ptr<ProblemWorkspace> PerProblemModel::try_make_workspace() const {
  try {
    return make_workspace();
  } catch (const std::exception&) {
    return nullptr;
  }
}

void PerProblemModel::solve(const Batch& c, const Batch& m, Batch& y,
                            std::span<SolveStatus> status) {
  const std::int64_t n = m.n_problem();
  if (std::ssize(workspaces_) < n) workspaces_.resize(n);
  const auto c_rows = c.read();
  const auto m_rows = m.read();
  const auto y_rows = y.write();
  for (std::int64_t row = 0; row < n; ++row) {
    status[row] = SolveStatus::solver_failed;
    if (!workspaces_[row]) workspaces_[row] = try_make_workspace();
    run_or_set_nan(workspaces_[row], y_rows.row(row), [&](ProblemWorkspace& workspace) {
      status[row] = workspace.solve(c_rows.row(row), m_rows.row(row), y_rows.row(row));
      if (status[row] == SolveStatus::converged && !all_finite(y_rows.row(row)))
        status[row] = SolveStatus::diverged;
    });
  }
}

void PerProblemModel::adjoint(const Batch& w, Batch& g) {
  const auto w_rows = w.read();
  const auto g_rows = g.write();
  for (std::int64_t row = 0; row < w.n_problem(); ++row)
    run_or_set_nan(workspaces_[row], g_rows.row(row), [&](ProblemWorkspace& workspace) {
      workspace.adjoint(w_rows.row(row), g_rows.row(row));
    });
}

void PerProblemModel::tangent(const Batch& v, Batch& dy) {
  if (!shape().has_tangent) throw std::logic_error("this model has no tangent");
  const auto v_rows = v.read();
  const auto dy_rows = dy.write();
  for (std::int64_t row = 0; row < v.n_problem(); ++row)
    run_or_set_nan(workspaces_[row], dy_rows.row(row), [&](ProblemWorkspace& workspace) {
      workspace.tangent(v_rows.row(row), dy_rows.row(row));
    });
}

}  // namespace jpo
