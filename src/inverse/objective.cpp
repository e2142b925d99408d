#include "inverse/objective.hpp"

#include <algorithm>
#include <array>
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

std::string_view outcome_name(Outcome outcome) {
  static constexpr std::array<std::string_view, 6> names = {
      "ok",    "solve_diverged", "solver_failed", "misfit_not_finite", "gradient_not_finite",
      "masked"};
  return names[static_cast<std::size_t>(outcome)];
}

std::vector<double> Ledger::gradient_evaluations() const {
  std::vector<double> evaluations;
  for (std::size_t row = 0; row < forward.size(); ++row)
    evaluations.push_back(0.5 * solves(static_cast<std::int64_t>(row)));
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
      status_(static_cast<std::size_t>(solve_batch_)),
      loss_(status_.size()),
      is_finite_(status_.size()),
      in_chunk_(model.shape().space),
      rows_(model.shape().space),
      in_request_(model.shape().space),
      bad_slots_(model.shape().space) {
  for (auto* list : {&selected_, &slot_rows_, &places_, &bad_, &asked_})
    list->reserve(status_.size());
  selected_faults_.reserve(status_.size());
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
  const auto n = static_cast<std::int64_t>(rows.size());
  result.gradient.set_n_problem(n);
  result.gradient.fill(0.0);
  for (std::int64_t first = 0; first < n; first += solve_batch_) {
    const Chunk chunk{rows.subspan(static_cast<std::size_t>(first),
                                   static_cast<std::size_t>(std::min(solve_batch_, n - first))),
                      first};
    select(chunk, ledger, result);
    if (selected_.empty()) continue;
    gather(m);
    {
      const auto scope = timer_.scope(Phase::forward);
      model_.solve(c_, m_, y_, std::span(status_).first(selected_.size()));
    }
    meet_faults();
    const bool any_ok = apply_misfit(m, result);
    if (!with_gradient || !any_ok) continue;
    {
      const auto scope = timer_.scope(Phase::adjoint);
      model_.adjoint(w_, g_);
    }
    finish_gradient(ledger, result);
  }
}

// A slot for each of the chunk's problems; masked ones are left out.
void Objective::select(const Chunk& chunk, Ledger& ledger, Evaluation& result) {
  selected_.clear();
  slot_rows_.clear();
  places_.clear();
  selected_faults_.clear();
  asked_.assign(chunk.rows.begin(), chunk.rows.end());
  for (std::size_t k = 0; k < chunk.rows.size(); ++k) {
    const std::int64_t place = chunk.first + static_cast<std::int64_t>(k);
    const Fault fault = faults_.next(chunk.rows[k]);
    if (fault == Fault::mask) {
      result.outcome[static_cast<std::size_t>(place)] = Outcome::masked;
      result.loss[static_cast<std::size_t>(place)] = kNaN;
      continue;
    }
    selected_.push_back(static_cast<std::int64_t>(k));
    slot_rows_.push_back(chunk.rows[k]);
    places_.push_back(place);
    selected_faults_.push_back(fault);
    ledger.forward[static_cast<std::size_t>(chunk.rows[k])] += solve_cost_;
  }
  in_chunk_.assign(selected_);
  rows_.assign(slot_rows_);
  in_request_.assign(places_);
}

// The inputs of the slots, side by side.
void Objective::gather(const Batch& m) {
  for (Batch* batch : {&c_, &m_, &y_, &w_, &g_}) batch->set_n_problem(std::ssize(selected_));
  gather_rows(problems_.context, rows_, c_);
  gather_rows(m, in_request_, m_);
  if (!meets_faults()) return;
  const auto m_rows = m_.write();
  for (std::size_t slot = 0; slot < selected_.size(); ++slot)
    faults_.meet_before(selected_faults_[slot], m_rows.row(static_cast<std::int64_t>(slot)));
}

bool Objective::meets_faults() const {
  return !std::ranges::all_of(selected_faults_, [](Fault fault) { return fault == Fault::none; });
}

void Objective::meet_faults() {
  if (!meets_faults()) return;
  const auto y = y_.write();
  for (std::size_t slot = 0; slot < selected_.size(); ++slot)
    FaultPlan::meet_after(selected_faults_[slot], y.row(static_cast<std::int64_t>(slot)),
                          status_[slot]);
}

// Loss and outcome of each slot; w = dL/dF, zero where it is not ok.
bool Objective::apply_misfit(const Batch& m, Evaluation& result) {
  misfit_.evaluate(y_, problems_.observation, rows_, m_, w_, loss_);
  bad_.clear();
  for (std::size_t slot = 0; slot < selected_.size(); ++slot) {
    const auto k = static_cast<std::size_t>(places_[slot]);
    result.outcome[k] = outcome_of(status_[slot]);
    result.loss[k] = loss_[slot];
    if (result.outcome[k] == Outcome::ok && !std::isfinite(result.loss[k]))
      result.outcome[k] = Outcome::misfit_not_finite;
    if (result.outcome[k] == Outcome::ok) continue;
    result.loss[k] = kNaN;
    bad_.push_back(static_cast<std::int64_t>(slot));
  }
  bad_slots_.assign(bad_);
  clear_rows(bad_slots_, w_);
  if (watcher_) tell_watcher(m, result);
  return bad_.size() < selected_.size();
}

void Objective::tell_watcher(const Batch& m, const Evaluation& result) const {
  const auto all_m = m.read();
  const auto y = y_.read();
  for (std::size_t slot = 0; slot < selected_.size(); ++slot)
    if (result.outcome[static_cast<std::size_t>(places_[slot])] == Outcome::ok)
      watcher_(slot_rows_[slot], all_m.row(places_[slot]), y.row(static_cast<std::int64_t>(slot)));
}

void Objective::finish_gradient(Ledger& ledger, Evaluation& result) {
  misfit_.finish_gradient(m_, g_, is_finite_);
  bad_.clear();
  for (std::size_t slot = 0; slot < selected_.size(); ++slot) {
    const auto k = static_cast<std::size_t>(places_[slot]);
    const bool was_ok = result.outcome[k] == Outcome::ok;
    if (was_ok) ledger.adjoint[static_cast<std::size_t>(slot_rows_[slot])] += solve_cost_;
    if (was_ok && is_finite_[slot] == 0) {
      result.outcome[k] = Outcome::gradient_not_finite;
      result.loss[k] = kNaN;
    }
    if (result.outcome[k] != Outcome::ok) bad_.push_back(static_cast<std::int64_t>(slot));
  }
  bad_slots_.assign(bad_);
  clear_rows(bad_slots_, g_);
  scatter_rows(g_, in_request_, result.gradient);
}

void Objective::tangent(std::span<const std::uint8_t> needed, const Batch& v, Batch& dy,
                        Ledger& ledger) {
  if (selected_.empty()) return;
  gather_rows(v, in_chunk_, g_);
  {
    const auto scope = timer_.scope(Phase::tangent);
    model_.tangent(g_, y_);
  }
  scatter_rows(y_, in_chunk_, dy);
  count(needed, ledger.tangent);
}

void Objective::adjoint(std::span<const std::uint8_t> needed, const Batch& w, Batch& g,
                        Ledger& ledger) {
  if (selected_.empty()) return;
  gather_rows(w, in_chunk_, y_);
  {
    const auto scope = timer_.scope(Phase::adjoint);
    model_.adjoint(y_, g_);
  }
  scatter_rows(g_, in_chunk_, g);
  count(needed, ledger.adjoint);
}

void Objective::count(std::span<const std::uint8_t> needed, std::vector<double>& solves) const {
  for (const std::int64_t k : selected_)
    solves[static_cast<std::size_t>(asked_[static_cast<std::size_t>(k)])] +=
        needed[static_cast<std::size_t>(k)] != 0 ? solve_cost_ : 0.0;
}

void Objective::observe_channels(std::int64_t n) {
  const FieldLayout& observation = model_.shape().observation;
  model_.observe_channels(n);
  misfit_.observe_components(n * observation.n_grid);
  solve_cost_ = static_cast<double>(n) / static_cast<double>(observation.n_channel);
}

void Objective::read_residual_weights(std::int64_t k, std::span<double> w) const {
  std::ranges::fill(w, 0.0);
  const auto found = std::ranges::find(selected_, k);
  if (found != selected_.end())
    std::ranges::copy(w_.read().row(found - selected_.begin()), w.begin());
}

}  // namespace jpo
