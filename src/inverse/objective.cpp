#include "inverse/objective.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace jpo {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Outcome outcome_of(SolveStatus status) {
  switch (status) {
    case SolveStatus::converged:
      return Outcome::ok;
    case SolveStatus::diverged:
      return Outcome::solve_diverged;
    default:
      return Outcome::solver_failed;
  }
}

}  // namespace

std::vector<double> Ledger::gradient_evaluations() const {
  std::vector<double> evaluations;
  for (std::size_t row = 0; row < forward.size(); ++row) evaluations.push_back(0.5 * solves(row));
  return evaluations;
}

Objective::Objective(ForwardModel& model, const LocalProblems& problems,
                     const MisfitSettings& misfit, const FaultSettings& faults,
                     std::int64_t solve_batch, PhaseTimer& timer)
    : model_(model),
      problems_(problems),
      misfit_(misfit, model.shape().parameters, model.shape().space),
      faults_(faults, problems.first_id, problems.observation.n_problem()),
      timer_(timer),
      solve_batch_(
          std::max<std::int64_t>(1, std::min(solve_batch, problems.observation.n_problem()))),
      c_(solve_batch_, model.shape().context.size(), model.shape().space),
      m_(solve_batch_, model.shape().parameters.size(), model.shape().space),
      y_(solve_batch_, model.shape().observation.size(), model.shape().space),
      w_(solve_batch_, model.shape().observation.size(), model.shape().space),
      g_(solve_batch_, model.shape().parameters.size(), model.shape().space),
      slots_(model.shape().space),
      rows_(model.shape().space),
      status_(solve_batch_),
      loss_(solve_batch_),
      is_finite_(solve_batch_),
      bad_rows_(model.shape().space) {
  bad_.reserve(solve_batch_);
  if (faults_.is_active()) hooks_.push_back(&faults_);
}

void Objective::evaluate(std::span<const std::int64_t> rows, const Batch& m, Ledger& ledger,
                         Evaluation& result) {
  evaluate_chunks(rows, m, true, ledger, result);
}

void Objective::evaluate_loss(std::span<const std::int64_t> rows, const Batch& m, Ledger& ledger,
                              Evaluation& result) {
  evaluate_chunks(rows, m, false, ledger, result);
}

void Objective::evaluate_chunks(std::span<const std::int64_t> rows, const Batch& m,
                                bool with_gradient, Ledger& ledger, Evaluation& result) {
  result.gradient.set_n_problem(std::ssize(rows));
  result.gradient.fill(0.0);
  select(rows, ledger, result);
  const std::int64_t n = std::ssize(solved_slots_);
  if (n == 0) set_chunk(0, 0);
  for (std::int64_t first = 0; first < n; first += solve_batch_) {
    set_chunk(first, std::min(solve_batch_, n - first));
    solve(m);
    const bool any_ok = apply_misfit(result);
    if (!with_gradient || !any_ok) continue;
    {
      const auto scope = timer_.scope(Phase::adjoint);
      model_.adjoint(w_, g_);
    }
    finish_gradient(ledger, result);
  }
}

// Leaves out masked problems before the request is cut into chunks.
void Objective::select(std::span<const std::int64_t> rows, Ledger& ledger, Evaluation& result) {
  is_masked_.assign(rows.size(), 0);
  for (EvaluationHook* hook : hooks_) hook->begin(rows, is_masked_);
  solved_slots_.clear();
  solved_rows_.clear();
  for (std::size_t slot = 0; slot < rows.size(); ++slot) {
    if (is_masked_[slot] != 0) {
      result.outcome[slot] = Outcome::masked;
      result.loss[slot] = kNaN;
      continue;
    }
    solved_slots_.push_back(slot);
    solved_rows_.push_back(rows[slot]);
    ledger.forward[rows[slot]] += solve_cost_;
  }
}

void Objective::set_chunk(std::int64_t first, std::int64_t n) {
  slots_.assign(std::span(solved_slots_).subspan(first, n));
  rows_.assign(std::span(solved_rows_).subspan(first, n));
  for (Batch* batch : {&c_, &m_, &y_, &w_, &g_}) batch->set_n_problem(n);
}

// Computes y = F(m; c) of the chunk.
void Objective::solve(const Batch& m) {
  gather_rows(problems_.context, rows_, c_);
  gather_rows(m, slots_, m_);
  const std::span status = std::span(status_).first(slots_.size());
  {
    const auto scope = timer_.scope(Phase::forward);
    for (EvaluationHook* hook : hooks_) hook->before_solve(chunk(), m_);
    model_.solve(c_, m_, y_, status);
  }
  for (EvaluationHook* hook : hooks_) hook->after_solve(chunk(), y_, status);
}

// Sets loss and outcome of each problem of the chunk, and w = dL/dF, zero if the outcome is not ok.
// Returns true if any outcome is ok.
bool Objective::apply_misfit(Evaluation& result) {
  misfit_.evaluate(y_, problems_.observation, rows_, m_, w_, loss_);
  bad_.clear();
  for (std::int64_t k = 0; k < slots_.size(); ++k) {
    const std::int64_t slot = slots_.rows()[k];
    result.outcome[slot] = outcome_of(status_[k]);
    result.loss[slot] = loss_[k];
    if (result.outcome[slot] == Outcome::ok && !std::isfinite(result.loss[slot]))
      result.outcome[slot] = Outcome::misfit_not_finite;
    if (result.outcome[slot] == Outcome::ok) continue;
    result.loss[slot] = kNaN;
    bad_.push_back(k);
  }
  bad_rows_.assign(bad_);
  clear_rows(bad_rows_, w_);
  for (EvaluationHook* hook : hooks_) hook->after_misfit(chunk(), m_, y_, result.outcome);
  return std::ssize(bad_) < slots_.size();
}

void Objective::finish_gradient(Ledger& ledger, Evaluation& result) {
  misfit_.finish_gradient(m_, g_, is_finite_);
  bad_.clear();
  for (std::int64_t k = 0; k < slots_.size(); ++k) {
    const std::int64_t slot = slots_.rows()[k];
    const bool was_ok = result.outcome[slot] == Outcome::ok;
    if (was_ok) ledger.adjoint[rows_.rows()[k]] += solve_cost_;
    if (was_ok && is_finite_[k] == 0) {
      result.outcome[slot] = Outcome::gradient_not_finite;
      result.loss[slot] = kNaN;
    }
    if (result.outcome[slot] != Outcome::ok) bad_.push_back(k);
  }
  bad_rows_.assign(bad_);
  clear_rows(bad_rows_, g_);
  scatter_rows(g_, slots_, result.gradient);
}

void Objective::tangent(std::span<const std::uint8_t> needed, const Batch& v, Batch& dy,
                        Ledger& ledger) {
  if (slots_.size() == 0) return;
  gather_rows(v, slots_, g_);
  {
    const auto scope = timer_.scope(Phase::tangent);
    model_.tangent(g_, y_);
  }
  scatter_rows(y_, slots_, dy);
  count(needed, ledger.tangent);
}

void Objective::adjoint(std::span<const std::uint8_t> needed, const Batch& w, Batch& g,
                        Ledger& ledger) {
  if (slots_.size() == 0) return;
  gather_rows(w, slots_, y_);
  {
    const auto scope = timer_.scope(Phase::adjoint);
    model_.adjoint(y_, g_);
  }
  scatter_rows(g_, slots_, g);
  count(needed, ledger.adjoint);
}

void Objective::count(std::span<const std::uint8_t> needed, std::vector<double>& solves) const {
  for (std::int64_t k = 0; k < slots_.size(); ++k)
    solves[rows_.rows()[k]] += needed[slots_.rows()[k]] != 0 ? solve_cost_ : 0.0;
}

void Objective::observe_channels(std::int64_t n) {
  const FieldLayout& observation = model_.shape().observation;
  model_.observe_channels(n);
  misfit_.observe_components(n * observation.n_grid);
  solve_cost_ = static_cast<double>(n) / static_cast<double>(observation.n_channel);
}

void Objective::read_residual_weights(std::int64_t slot, std::span<double> w) const {
  std::ranges::fill(w, 0.0);
  const auto found = std::ranges::find(slots_.rows(), slot);
  if (found != slots_.rows().end())
    std::ranges::copy(w_.read().row(found - slots_.rows().begin()), w.begin());
}

}  // namespace jpo
