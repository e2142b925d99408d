#include "solving/result.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include <fmt/format.h>

namespace jpo {

const std::vector<std::pair<std::string, std::int8_t>>& stop_reason_names() {
  const auto value = [](StopReason reason) { return static_cast<std::int8_t>(reason); };
  static const std::vector<std::pair<std::string, std::int8_t>> names = {
      {"gradient_small", value(StopReason::gradient_small)},
      {"step_small", value(StopReason::step_small)},
      {"updates_done", value(StopReason::updates_done)},
      {"budget_reached", value(StopReason::budget_reached)},
      {"no_progress", value(StopReason::no_progress)},
      {"predicted", value(StopReason::predicted)},
      {"line_search_failed", value(StopReason::line_search_failed)},
      {"solver_stopped", value(StopReason::solver_stopped)},
      {"diverged_at_start", value(StopReason::diverged_at_start)},
      {"solve_diverged", value(StopReason::solve_diverged)},
      {"solver_failed", value(StopReason::solver_failed)},
      {"misfit_not_finite", value(StopReason::misfit_not_finite)},
      {"gradient_not_finite", value(StopReason::gradient_not_finite)},
      {"masked", value(StopReason::masked)},
      {"no_observation", value(StopReason::no_observation)}};
  return names;
}

StopReason stop_reason_of(Outcome failure) {
  switch (failure) {
    case Outcome::solver_failed:
      return StopReason::solver_failed;
    case Outcome::misfit_not_finite:
      return StopReason::misfit_not_finite;
    case Outcome::gradient_not_finite:
      return StopReason::gradient_not_finite;
    case Outcome::masked:
      return StopReason::masked;
    default:
      return StopReason::solve_diverged;
  }
}

MethodResult::MethodResult(std::int64_t n_problem, const ParameterSpace& space, MemorySpace memory)
    : parameters(n_problem, space.size(), memory),
      loss(static_cast<std::size_t>(n_problem), std::numeric_limits<double>::quiet_NaN()),
      reason(loss.size(), StopReason::solve_diverged),
      last_failure(loss.size(), Outcome::ok),
      failed_evaluations(loss.size()),
      ledger(n_problem),
      evaluations_to_solved(loss),
      seconds_to_solved(loss),
      recent_(n_problem, space.size(), memory),
      recent_loss_(loss),
      replaced_(memory),
      solved_limit_(loss) {
  const auto rows = parameters.write();
  for (std::int64_t row = 0; row < n_problem; ++row)
    std::ranges::copy(space.centre, rows.row(row).begin());
}

bool MethodResult::count_failure(std::size_t k, Outcome outcome) {
  if (outcome == Outcome::ok) return false;
  last_failure[k] = outcome;
  ++failed_evaluations[k];
  return true;
}

void MethodResult::note_if_solved(std::size_t k, double evaluated) {
  if (!std::isnan(evaluations_to_solved[k]) || !(evaluated <= solved_limit_[k])) return;
  evaluations_to_solved[k] = 0.5 * ledger.solves(static_cast<std::int64_t>(k));
  seconds_to_solved[k] = seconds + seconds_since(counted_);
}

void MethodResult::record(std::int64_t row, std::span<const double> m, double evaluated,
                          Outcome outcome) {
  const auto k = static_cast<std::size_t>(row);
  if (count_failure(k, outcome)) return;
  note_if_solved(k, evaluated);
  const auto keep_lower = [&](double& best, Batch& answers) {
    if (best <= evaluated) return;
    best = evaluated;
    std::ranges::copy(m, answers.write().row(row).begin());
  };
  keep_lower(loss[k], parameters);
  keep_lower(recent_loss_[k], recent_);
  course.record(row, 0.5 * ledger.solves(row), loss[k]);
}

void MethodResult::record(std::span<const std::int64_t> rows, const Batch& m,
                          const Evaluation& evaluation) {
  for (std::size_t j = 0; j < rows.size(); ++j) {
    const auto k = static_cast<std::size_t>(rows[j]);
    if (!count_failure(k, evaluation.outcome[j])) note_if_solved(k, evaluation.loss[j]);
  }
  replace(rows, m, evaluation, loss, parameters);
  replace(rows, m, evaluation, recent_loss_, recent_);
}

void MethodResult::replace(std::span<const std::int64_t> rows, const Batch& m,
                           const Evaluation& evaluation, std::vector<double>& best,
                           Batch& answers) {
  replaced_.slot_list.clear();
  replaced_.row_list.clear();
  for (std::size_t j = 0; j < rows.size(); ++j) {
    double& lowest = best[rows[j]];
    if (evaluation.outcome[j] != Outcome::ok || lowest <= evaluation.loss[j]) continue;
    lowest = evaluation.loss[j];
    replaced_.slot_list.push_back(static_cast<std::int64_t>(j));
    replaced_.row_list.push_back(rows[j]);
  }
  replaced_.slots.assign(replaced_.slot_list);
  replaced_.rows.assign(replaced_.row_list);
  copy_rows(m, replaced_.slots, answers, replaced_.rows);
}

void MethodResult::take_improved(Batch& m) {
  const auto from = recent_.read();
  const auto to = m.write();
  for (std::size_t k = 0; k < recent_loss_.size(); ++k) {
    if (std::isnan(recent_loss_[k])) continue;
    const auto row = static_cast<std::int64_t>(k);
    std::ranges::copy(from.row(row), to.row(row).begin());
    recent_loss_[k] = std::numeric_limits<double>::quiet_NaN();
  }
}

namespace {

// Visits the scalars of a row. The vectors of a row, the best and the recent answer, follow them.
template <class Result, class Visit>
void visit_row(Result& result, std::size_t k, Visit&& visit) {
  visit(result.loss[k]);
  visit(result.reason[k]);
  visit(result.last_failure[k]);
  visit(result.failed_evaluations[k]);
  visit(result.ledger.forward[k]);
  visit(result.ledger.adjoint[k]);
  visit(result.ledger.tangent[k]);
  visit(result.evaluations_to_solved[k]);
  visit(result.seconds_to_solved[k]);
}

}  // namespace

std::vector<double> MethodResult::row(std::int64_t row) const {
  std::vector<double> values = {recent_loss_[row]};
  visit_row(*this, static_cast<std::size_t>(row),
            [&](auto value) { values.push_back(static_cast<double>(value)); });
  for (const Batch* answers : {&parameters, &recent_}) {
    const auto m = answers->read().row(row);
    values.insert(values.end(), m.begin(), m.end());
  }
  return values;
}

void MethodResult::set_row(std::int64_t row, std::span<const double> values) {
  auto next = values.begin();
  recent_loss_[row] = *next++;
  visit_row(*this, static_cast<std::size_t>(row), [&](auto& value) {
    value = static_cast<std::remove_reference_t<decltype(value)>>(*next++);
  });
  for (Batch* answers : {&parameters, &recent_}) {
    const auto m = answers->write().row(row);
    std::copy_n(next, m.size(), m.begin());
    next += std::ssize(m);
  }
  course.restart(row);
}

std::span<const History::Column> History::columns() {
  static constexpr std::array<Column, 10> all = {{
      {"iteration", &Entry::iteration,
       "number of the update or of the round, or largest number of gradient evaluations per "
       "problem"},
      {"loss_mean", &Entry::loss_mean,
       "mean misfit over the problems that did not fail: of this update for networks, else the "
       "best "
       "so far"},
      {"gradient_norm", &Entry::gradient_norm, "norm of d(mean misfit)/d(weights) before clipping"},
      {"failed", &Entry::failed, "number of problems that failed"},
      {"gradient_evaluations", &Entry::gradient_evaluations,
       "mean number of gradient evaluations per problem so far"},
      {"learning_rate", &Entry::learning_rate, "learning rate of this update"},
      {"clipped", &Entry::clipped, "share of the problems whose gradient was clipped"},
      {"cosine", &Entry::cosine,
       "mean cosine between the weight gradients of sampled problems and the joint weight "
       "gradient"},
      {"signal_to_noise", &Entry::signal_to_noise,
       "|mean weight gradient|^2 divided by the variance of the weight gradients of sampled "
       "problems"},
      {"alignment", &Entry::alignment,
       "cosine between the joint weight gradient and that of the distance between answers and "
       "truth"},
  }};
  return all;
}

void History::archive(StateArchive& archive, const std::string& name) {
  const std::size_t n_quantile = Entry().loss_quantiles.size();
  const std::size_t n_number = numbers_per_entry();
  std::vector<double> numbers;
  for (const Entry& entry : entries) {
    for (const Column& column : columns()) numbers.push_back(entry.*column.value);
    numbers.insert(numbers.end(), entry.loss_quantiles.begin(), entry.loss_quantiles.end());
    numbers.push_back(entry.seconds);
  }
  archive.shared(name + "/entries", numbers);
  if (!archive.is_reading()) return;
  entries.resize(numbers.size() / n_number);
  auto next = numbers.begin();
  for (Entry& entry : entries) {
    for (const Column& column : columns()) entry.*column.value = *next++;
    std::copy_n(next, n_quantile, entry.loss_quantiles.begin());
    next += std::ssize(entry.loss_quantiles);
    entry.seconds = *next++;
  }
}

void MethodResult::archive(StateArchive& archive, const std::string& name) {
  archive.by_problem(name + "/parameters", parameters);
  archive.by_problem(name + "/loss", loss);
  archive.by_problem(name + "/reason", reason);
  archive.by_problem(name + "/last_failure", last_failure);
  archive.by_problem(name + "/failed_evaluations", failed_evaluations);
  archive.by_problem(name + "/forward", ledger.forward);
  archive.by_problem(name + "/adjoint", ledger.adjoint);
  archive.by_problem(name + "/tangent", ledger.tangent);
  archive.by_problem(name + "/evaluations_to_solved", evaluations_to_solved);
  archive.by_problem(name + "/seconds_to_solved", seconds_to_solved);
  archive.by_problem(name + "/recent", recent_);
  archive.by_problem(name + "/recent_loss", recent_loss_);
  std::size_t n_snapshot = snapshots.size();
  archive.shared_count(name + "/n_snapshot", n_snapshot, 1000);
  while (snapshots.size() < n_snapshot) snapshots.push_back(parameters.copy());
  for (std::size_t k = 0; k < n_snapshot; ++k)
    archive.by_problem(fmt::format("{}/snapshot {}", name, k), snapshots[k]);
  history.archive(archive, name + "/history");
  course.archive(archive, name + "/course", std::ssize(loss));
  archive.shared(name + "/seconds", seconds);
}

TrainedNetwork trained_network(const NetworkSettings& settings, const NetworkShape& shape,
                               const Network& network) {
  return {settings,
          shape,
          network.describe(),
          network.weights(),
          network.normalization(),
          network.weight_hash()};
}

}  // namespace jpo
