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
      misfit_(misfit, model.shape().parameters),
      faults_(faults, problems.first_id, problems.observation.n_problem()),
      timer_(timer),
      solve_batch_(
          std::max<std::int64_t>(1, std::min(solve_batch, problems.observation.n_problem()))),
      c_(solve_batch_, model.shape().context.size(), model.shape().space),
      m_(solve_batch_, model.shape().parameters.size(), model.shape().space),
      y_(solve_batch_, model.shape().observation.size(), model.shape().space),
      w_(solve_batch_, model.shape().observation.size(), model.shape().space),
      g_(solve_batch_, model.shape().parameters.size(), model.shape().space),
      status_(static_cast<std::size_t>(solve_batch_)) {
  selected_.reserve(status_.size());
  selected_faults_.reserve(status_.size());
  asked_.reserve(status_.size());
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
    gather(chunk, m, ledger, result);
    if (selected_.empty()) continue;
    {
      const auto scope = timer_.scope(Phase::forward);
      model_.solve(c_, m_, y_, std::span(status_).first(selected_.size()));
    }
    meet_faults();
    const bool any_ok = apply_misfit(chunk, m, result);
    if (!with_gradient || !any_ok) continue;
    {
      const auto scope = timer_.scope(Phase::adjoint);
      model_.adjoint(w_, g_);
    }
    finish_gradient(chunk, m, ledger, result);
  }
}

// Copies the inputs of the chunk's problems side by side; masked problems are left out.
void Objective::gather(const Chunk& chunk, const Batch& m, Ledger& ledger, Evaluation& result) {
  selected_.clear();
  selected_faults_.clear();
  asked_.assign(chunk.rows.begin(), chunk.rows.end());
  const auto all_c = problems_.context.read();
  const auto all_m = m.read();
  const auto c_rows = c_.overwrite();
  const auto m_rows = m_.overwrite();
  for (std::size_t k = 0; k < chunk.rows.size(); ++k) {
    const auto position = chunk.first + static_cast<std::int64_t>(k);
    const Fault fault = faults_.next(chunk.rows[k]);
    if (fault == Fault::mask) {
      result.outcome[static_cast<std::size_t>(position)] = Outcome::masked;
      result.loss[static_cast<std::size_t>(position)] = kNaN;
      continue;
    }
    const auto slot = static_cast<std::int64_t>(selected_.size());
    std::ranges::copy(all_c.row(chunk.rows[k]), c_rows.row(slot).begin());
    std::ranges::copy(all_m.row(position), m_rows.row(slot).begin());
    faults_.meet_before(fault, m_rows.row(slot));
    selected_.push_back(static_cast<std::int64_t>(k));
    selected_faults_.push_back(fault);
    ledger.forward[static_cast<std::size_t>(chunk.rows[k])] += solve_cost_;
  }
  const auto n = static_cast<std::int64_t>(selected_.size());
  for (Batch* batch : {&c_, &m_, &y_, &w_, &g_}) batch->set_n_problem(n);
}

void Objective::meet_faults() {
  if (std::ranges::all_of(selected_faults_, [](Fault fault) { return fault == Fault::none; }))
    return;
  const auto y = y_.write();
  for (std::size_t slot = 0; slot < selected_.size(); ++slot)
    FaultPlan::meet_after(selected_faults_[slot], y.row(static_cast<std::int64_t>(slot)),
                          status_[slot]);
}

// Loss and outcome of each solved row; w = dL/dF, zero where the row is not ok.
bool Objective::apply_misfit(const Chunk& chunk, const Batch& m, Evaluation& result) {
  bool any_ok = false;
  const auto observation = problems_.observation.read();
  const auto all_m = m.read();
  const auto y = y_.read();
  const auto w = w_.overwrite();
  for (std::size_t slot = 0; slot < selected_.size(); ++slot) {
    const std::int64_t row = chunk.rows[static_cast<std::size_t>(selected_[slot])];
    const std::int64_t position = chunk.first + selected_[slot];
    const auto k = static_cast<std::size_t>(position);
    const auto here = static_cast<std::int64_t>(slot);
    result.outcome[k] = outcome_of(status_[slot]);
    result.loss[k] =
        misfit_.value(y.row(here), observation.row(row), all_m.row(position), w.row(here));
    if (result.outcome[k] == Outcome::ok && !std::isfinite(result.loss[k]))
      result.outcome[k] = Outcome::misfit_not_finite;
    if (result.outcome[k] == Outcome::ok) {
      any_ok = true;
      if (watcher_) watcher_(row, all_m.row(position), y.row(here));
    } else {
      result.loss[k] = kNaN;
      std::ranges::fill(w.row(here), 0.0);
    }
  }
  return any_ok;
}

void Objective::finish_gradient(const Chunk& chunk, const Batch& m, Ledger& ledger,
                                Evaluation& result) {
  const auto all_m = m.read();
  const auto g = g_.write();
  const auto gradient = result.gradient.write();
  for (std::size_t slot = 0; slot < selected_.size(); ++slot) {
    const std::int64_t position = chunk.first + selected_[slot];
    const auto k = static_cast<std::size_t>(position);
    if (result.outcome[k] != Outcome::ok) continue;
    const std::int64_t local = chunk.rows[static_cast<std::size_t>(selected_[slot])];
    ledger.adjoint[static_cast<std::size_t>(local)] += solve_cost_;
    const auto row = g.row(static_cast<std::int64_t>(slot));
    misfit_.add_prior_gradient(all_m.row(position), row);
    if (std::ranges::all_of(row, [](double value) { return std::isfinite(value); })) {
      std::ranges::copy(row, gradient.row(position).begin());
    } else {
      result.outcome[k] = Outcome::gradient_not_finite;
      result.loss[k] = kNaN;
    }
  }
}

void Objective::tangent(std::span<const std::uint8_t> needed, const Batch& v, Batch& dy,
                        Ledger& ledger) {
  scatter(v, g_);
  {
    const auto scope = timer_.scope(Phase::tangent);
    model_.tangent(g_, y_);
  }
  collect(y_, dy);
  count(needed, ledger.tangent);
}

void Objective::adjoint(std::span<const std::uint8_t> needed, const Batch& w, Batch& g,
                        Ledger& ledger) {
  scatter(w, y_);
  {
    const auto scope = timer_.scope(Phase::adjoint);
    model_.adjoint(y_, g_);
  }
  collect(g_, g);
  count(needed, ledger.adjoint);
}

// Rows by asked problem into rows by solved one, and back.
void Objective::scatter(const Batch& by_asked, Batch& by_slot) const {
  const auto from = by_asked.read();
  const auto to = by_slot.write();
  for (std::size_t slot = 0; slot < selected_.size(); ++slot)
    std::ranges::copy(from.row(selected_[slot]), to.row(static_cast<std::int64_t>(slot)).begin());
}

void Objective::collect(const Batch& by_slot, Batch& by_asked) const {
  const auto from = by_slot.read();
  const auto to = by_asked.write();
  for (std::size_t slot = 0; slot < selected_.size(); ++slot)
    std::ranges::copy(from.row(static_cast<std::int64_t>(slot)), to.row(selected_[slot]).begin());
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
