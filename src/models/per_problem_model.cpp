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

std::vector<double> values_of(const Batch& batch) {
  const auto rows = batch.read();
  return {rows.values().begin(), rows.values().end()};
}

std::span<const double> row_of(const std::vector<double>& values, std::int64_t row,
                               std::int64_t size) {
  return std::span(values).subspan(row * size, size);
}

}  // namespace

void ProblemWorkspace::tangent(std::span<const double> /*v*/, std::span<double> /*dy*/) {
  throw std::logic_error("this model has no tangent");
}

void PerProblemModel::set_memory(KeptStates kept, double workspace_bytes) {
  const bool keeps_all = kept == KeptStates::of_every_problem;
  const auto inputs = static_cast<double>(shape_.context.size() + shape_.parameters.size());
  kept_ = kept;
  shape_.state_bytes = inputs * sizeof(double) + (keeps_all ? workspace_bytes : 0.0);
  shape_.fixed_bytes = keeps_all ? 0.0 : workspace_bytes;
  shape_.recompute_factor = kept == KeptStates::of_last_problem ? 2.0 : 1.0;
}

PerProblemModel::Slot& PerProblemModel::slot_of(std::int64_t row) const {
  const std::size_t slot = kept_ == KeptStates::of_every_problem ? row : 0;
  if (slots_.size() <= slot) slots_.resize(slot + 1);
  return slots_[slot];
}

void PerProblemModel::repeat_solve(Slot& slot, std::int64_t row) const {
  std::vector<double> y(shape_.observation.size());
  slot.row = -1;
  slot.workspace->solve(row_of(c_, row, shape_.context.size()),
                        row_of(m_, row, shape_.parameters.size()), y);
  slot.row = row;
}

// Calls `work` with a workspace, which has the states of the row if `needs_states`. Returns false
// if the row has failed before or fails now.
template <class Work>
bool PerProblemModel::try_row(std::int64_t row, bool needs_states, Work&& work) const {
  if (has_failed_[row]) return false;
  Slot& slot = slot_of(row);
  try {
    if (!slot.workspace) slot = {make_workspace(), -1};
    if (needs_states && slot.row != row) repeat_solve(slot, row);
    work(slot);
    return true;
  } catch (const std::exception&) {
    slot = {};
    has_failed_[row] = true;
    return false;
  }
}

void PerProblemModel::solve(const Batch& c, const Batch& m, Batch& y,
                            std::span<SolveStatus> status) {
  n_ = m.n_problem();
  c_ = values_of(c);
  m_ = values_of(m);
  has_failed_.assign(n_, false);
  const auto y_rows = y.write();
  for (std::int64_t row = 0; row < n_; ++row) {
    const std::span<double> y_row = y_rows.row(row);
    const bool done = try_row(row, false, [&](Slot& slot) {
      slot.row = -1;
      status[row] = slot.workspace->solve(row_of(c_, row, c.n_component()),
                                          row_of(m_, row, m.n_component()), y_row);
      slot.row = row;
      if (status[row] == SolveStatus::converged && !all_finite(y_row))
        status[row] = SolveStatus::diverged;
    });
    if (done) continue;
    status[row] = SolveStatus::solver_failed;
    std::ranges::fill(y_row, std::numeric_limits<double>::quiet_NaN());
  }
}

// Calls work(workspace, in row, out row) for each row; the out rows of failed problems become NaN.
template <class Work>
void PerProblemModel::for_each_row(const Batch& in, Batch& out, Work&& work) {
  if (in.n_problem() != n_)
    throw std::logic_error("adjoint or tangent of another number of problems than solve");
  const auto in_rows = in.read();
  const auto out_rows = out.write();
  for (std::int64_t row = 0; row < n_; ++row)
    if (!try_row(row, kept_ != KeptStates::none,
                 [&](Slot& slot) { work(*slot.workspace, in_rows.row(row), out_rows.row(row)); }))
      std::ranges::fill(out_rows.row(row), std::numeric_limits<double>::quiet_NaN());
}

void PerProblemModel::adjoint(const Batch& w, Batch& g) {
  for_each_row(w, g, [](ProblemWorkspace& workspace, auto w_row, auto g_row) {
    workspace.adjoint(w_row, g_row);
  });
}

void PerProblemModel::tangent(const Batch& v, Batch& dy) {
  if (!shape_.has_tangent) throw std::logic_error("this model has no tangent");
  for_each_row(v, dy, [](ProblemWorkspace& workspace, auto v_row, auto dy_row) {
    workspace.tangent(v_row, dy_row);
  });
}

Trajectory PerProblemModel::trajectory(std::int64_t row) const {
  Trajectory states;
  try_row(row, true, [&](Slot& slot) { states = slot.workspace->trajectory(); });
  return states;
}

}  // namespace jpo
