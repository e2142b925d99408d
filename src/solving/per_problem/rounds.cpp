#include "solving/per_problem/rounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/statistics.hpp"

namespace jpo {
namespace {

// Default of most_evaluations, in units of the budget per problem.
constexpr double kMostOfBudget = 4.0;

}  // namespace

void RoundsSettings::describe(KeyTable& table) {
  table.add("max_evaluations", &max_evaluations,
            {.doc = "budget: mean over the problems of the number of gradient evaluations, never "
                    "exceeded; most_evaluations limits a single problem",
             .min = 1,
             .max = 1e9});
  table.add(
      "budget_of", &budget_of,
      {.doc =
           "if set, the budget is the cost of this method, including the methods that provided its "
           "starts; max_evaluations is then ignored",
       .earlier_method = EarlierMethod::named});
  table.add("start_evaluations", &start_evaluations,
            {.doc = "largest number of gradient evaluations from one start", .min = 1});
  table.add("patience", &patience,
            {.doc = "number of evaluations after which a solve is abandoned unless it has improved "
                    "the best answer of the problem; 0: never",
             .min = 0});
  table.add(
      "candidates", &candidates,
      {.doc = "number of points proposed for each start; if more than one, the solve starts at the "
              "one with the lowest misfit, and each costs half a gradient evaluation",
       .min = 1,
       .max = 4096});
  table.add(
      "rest", &rest,
      {.doc =
           "true: stop at the noise level: a problem is not solved again if its misfit is at most "
           "the level that rest_deviations sets; needs data.inverse_crime = true, because the "
           "level is unknown otherwise"});
  table.add("rest_deviations", &rest_deviations, rest_deviations_rule());
  table.add(
      "most_evaluations", &most_evaluations,
      {.doc = "number of gradient evaluations after which a problem is not solved again, so that a "
              "few unsolvable problems do not spend the rest of the budget; -1: 4 times the budget "
              "per problem; 0: no limit",
       .min = -1});
  TaoSolverSettings::describe(table);
}

Rounds::Rounds(const RoundsSettings& settings, const Task& task, std::unique_ptr<Proposal> proposal)
    : settings_(settings),
      task_(task),
      proposal_(std::move(proposal)),
      space_(task.objective.shape().parameters),
      prefix_(petsc_option_prefix(task.name)),
      max_evaluations_(settings.budget_of.empty() ? settings.max_evaluations
                                                  : task.earlier.evaluations(settings.budget_of)),
      budget_(static_cast<std::int64_t>(2.0 * max_evaluations_ *
                                        static_cast<double>(task.shard.n_problem()))),
      lockstep_(task.objective, task.result, settings.concurrent_solves),
      starts_(task.result.parameters.copy()),
      active_(task.usable.begin(), task.usable.end()) {}

void Rounds::init() {
  is_prepared_ = proposal_->prepare(task_.result, max_evaluations_);
  spent_ = count_solves();
  is_done_ = !plan_round();
}

void Rounds::step(SafePoint& safe_point) {
  if (!std::exchange(is_in_round_, true)) {
    if (round_ > 0 || is_prepared_) draw_starts();
    lockstep_.begin();
  }
  solve_round(safe_point);
  is_in_round_ = false;
  const std::int64_t spent_before = std::exchange(spent_, count_solves());
  ++round_;
  // A round without any solve means that all active problems are masked.
  is_done_ = spent_ == spent_before || !plan_round();
}

void Rounds::archive(StateArchive& archive) {
  archive.shared("round", round_);
  archive.shared("spent", spent_);
  archive.shared("start_evaluations", start_evaluations_);
  archive.shared("n_candidate", n_candidate_);
  archive.shared("is_prepared", is_prepared_);
  archive.shared("is_in_round", is_in_round_);
  archive.by_problem("starts", starts_);
  std::vector<std::uint8_t> is_active(starts_.n_problem());
  for (const std::int64_t row : active_) is_active[row] = 1;
  archive.by_problem("is_active", is_active);
  std::erase_if(active_, [&](std::int64_t row) { return is_active[row] == 0; });
  lockstep_.archive(archive, "solves");
  proposal_->archive(archive, "proposal");
}

StepReport Rounds::report() const {
  return {.n_done = spent_ / 2,
          .n_total = budget_ / 2,
          .unit = "gradient evaluations",
          .detail = fmt::format("round {}", round_)};
}

// Distributes the budget over the active problems. Returns false if no problem is active or no
// evaluation is left.
bool Rounds::plan_round() {
  choose_active();
  const std::int64_t n_active = reduce_sum(std::ssize(active_), task_.comm);
  if (n_active == 0) return false;
  const bool is_proposed = round_ > 0 || is_prepared_;
  // At least one evaluation is left for the solve. A single candidate is not evaluated.
  const std::int64_t n_solve = (budget_ - spent_) / n_active;
  n_candidate_ = is_proposed && n_solve >= 4 ? std::min(settings_.candidates, n_solve - 2) : 1;
  start_evaluations_ =
      std::min(settings_.start_evaluations, (n_solve - (n_candidate_ > 1 ? n_candidate_ : 0)) / 2);
  return start_evaluations_ > 0;
}

// Removes problems from the active ones. None has to be added again, because misfits never
// increase.
void Rounds::choose_active() {
  const double most = most_evaluations();
  const double solved_level = task_.levels.attainable.solved_below(settings_.rest_deviations);
  std::erase_if(active_, [&](std::int64_t row) {
    return (settings_.rest && task_.result.loss[row] <= solved_level) ||
           0.5 * task_.result.ledger.solves(row) >= most;
  });
}

// Sets the start of each active problem to the candidate with the lowest misfit. Collective.
void Rounds::draw_starts() {
  proposal_->begin(round_, active_, task_.result);
  std::vector<RandomStream> streams;
  for (const std::int64_t row : active_) streams.push_back(task_.stream("start", round_, row));
  std::vector<double> lowest(active_.size(), std::numeric_limits<double>::quiet_NaN());
  Batch candidates(std::ssize(active_), space_.size());
  Evaluation evaluation(std::ssize(active_), space_.size());
  for (std::int64_t candidate = 0; candidate < n_candidate_; ++candidate) {
    {
      const auto m = candidates.write();
      for (std::size_t k = 0; k < active_.size(); ++k)
        proposal_->draw_start({round_, active_[k], candidate}, streams[k], m.row(k));
    }
    if (n_candidate_ > 1)
      task_.objective.evaluate_loss(active_, candidates, task_.result.ledger, evaluation);
    take_lower(candidates, evaluation, candidate == 0, lowest);
  }
}

void Rounds::take_lower(const Batch& candidates, const Evaluation& evaluation, bool is_first,
                        std::vector<double>& lowest) {
  const auto m = candidates.read();
  const auto starts = starts_.write();
  for (std::size_t k = 0; k < active_.size(); ++k) {
    const bool is_ok = evaluation.outcome[k] == Outcome::ok;
    if (!is_ok) task_.result.record(active_[k], {}, evaluation.loss[k], evaluation.outcome[k]);
    if (!is_first && (!is_ok || lowest[k] <= evaluation.loss[k])) continue;
    if (is_ok) lowest[k] = evaluation.loss[k];
    std::ranges::copy(m.row(k), starts.row(active_[k]).begin());
  }
}

void Rounds::solve_round(SafePoint& safe_point) {
  const auto scope = task_.timer.scope(Phase::solver);
  const auto starts = starts_.read();
  lockstep_.run(
      active_,
      [&](LiveSolve& live) {
        GuardedSolve(settings_, prefix_, space_, task_.result, live)
            .run(starts.row(live.row()), start_evaluations_, settings_.patience);
      },
      safe_point);
}

double Rounds::most_evaluations() const {
  if (settings_.most_evaluations < 0) return kMostOfBudget * max_evaluations_;
  return settings_.most_evaluations > 0 ? static_cast<double>(settings_.most_evaluations)
                                        : std::numeric_limits<double>::infinity();
}

std::int64_t Rounds::count_solves() const {
  std::int64_t n = 0;
  for (const std::int64_t row : task_.usable) n += std::llround(task_.result.ledger.solves(row));
  return reduce_sum(n, task_.comm);
}

}  // namespace jpo
