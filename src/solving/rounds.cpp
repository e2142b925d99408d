#include "solving/rounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "solving/best_so_far.hpp"
#include "solving/progress.hpp"

namespace jpo {

void RoundsSettings::describe(KeyTable& table) {
  table.add("max_evaluations", &max_evaluations,
            {.doc = "mean number of gradient evaluations a problem, never exceeded",
             .min = 1,
             .max = 1e9});
  table.add("budget_of", &budget_of,
            {.doc = "name of an earlier method: the budget is what that one has cost, with those "
                    "it started from; max_evaluations is then not used",
             .earlier_method = EarlierMethod::named});
  table.add("start_evaluations", &start_evaluations,
            {.doc = "gradient evaluations of one start, at most", .min = 1});
  table.add("patience", &patience,
            {.doc = "a start is given up after so many evaluations unless it has beaten the "
                    "problem's best answer before it; 0: never",
             .min = 0});
  table.add(
      "candidates", &candidates,
      {.doc = "points proposed for each start; of several the solve begins at the one with the "
              "lowest misfit, half a gradient evaluation each",
       .min = 1,
       .max = 4096});
  table.add("rest", &rest,
            {.doc = "true: a problem whose misfit is down at what the noise leaves is not tried "
                    "again (only where data.inverse_crime is true: else that level is not known)"});
  table.add("rest_deviations", &rest_deviations, rest_deviations_rule());
  table.add("most_evaluations", &most_evaluations,
            {.doc = "a problem that has had so many gradient evaluations is not tried again; 0: no "
                    "such limit. Without it the few that never look solved are tried until the "
                    "budget of all is spent",
             .min = 0});
  TaoSolverSettings::describe(table);
}

namespace {

class Rounds {
 public:
  Rounds(const RoundsSettings& settings, const Task& task, Proposal& proposal)
      : settings_(settings),
        task_(task),
        proposal_(proposal),
        space_(task.objective.shape().parameters),
        prefix_(petsc_option_prefix(task.name)),
        result_(task.objective.n_problem(), space_),
        lockstep_(task.objective, result_, settings.concurrent_solves),
        starts_(result_.parameters.copy()),
        active_(task.usable.begin(), task.usable.end()) {}

  MethodResult solve() {
    const double mean = settings_.budget_of.empty()
                            ? settings_.max_evaluations
                            : task_.earlier_evaluations(settings_.budget_of);
    // In solves of all problems: a gradient evaluation is two.
    const auto budget =
        static_cast<std::int64_t>(2.0 * mean * static_cast<double>(task_.shard.n_problem()));
    bool is_in_round = task_.interruptions.resume(tell_);
    if (!is_in_round) {
      is_prepared_ = proposal_.prepare(result_, mean);
      spent_ = count_solves();
    }
    Progress progress(task_, budget / 2, "evaluations", spent_ / 2);
    for (;; ++round_) {
      if (!std::exchange(is_in_round, false) && !begin_round(budget)) break;
      run_round();
      const std::int64_t spent_before = std::exchange(spent_, count_solves());
      result_.history.entries.push_back(best_so_far(round_, result_, task_));
      progress.advance_to(spent_ / 2, fmt::format("round {}", round_));
      if (spent_ == spent_before) break;  // nobody asks any more: masked
    }
    return std::move(result_);
  }

 private:
  // In the middle of a round.
  void tell(StateArchive& archive) {
    archive.shared("round", round_);
    archive.shared("spent", spent_);
    archive.shared("start_evaluations", start_evaluations_);
    archive.by_problem("starts", starts_);
    std::vector<std::uint8_t> is_active(static_cast<std::size_t>(starts_.n_problem()));
    for (const std::int64_t row : active_) is_active[static_cast<std::size_t>(row)] = 1;
    archive.by_problem("is_active", is_active);
    std::erase_if(active_,
                  [&](std::int64_t row) { return is_active[static_cast<std::size_t>(row)] == 0; });
    lockstep_.archive(archive, "solves");
    proposal_.archive(archive, "proposal");
    task_.objective.archive(archive, "objective");
  }

  // False where there is nothing left to try, or to spend.
  bool begin_round(std::int64_t budget) {
    choose_active();
    const std::int64_t n_active = reduce_sum(std::ssize(active_), task_.comm);
    if (n_active == 0) return false;
    const bool is_proposed = round_ > 0 || is_prepared_;
    // An evaluation is left for the solve; a single candidate is not asked for.
    const std::int64_t n_solve = (budget - spent_) / n_active;
    const std::int64_t n_candidate =
        is_proposed && n_solve >= 4 ? std::min(settings_.candidates, n_solve - 2) : 1;
    start_evaluations_ =
        std::min(settings_.start_evaluations, (n_solve - (n_candidate > 1 ? n_candidate : 0)) / 2);
    if (start_evaluations_ <= 0) return false;
    if (is_proposed) draw_starts(n_candidate);
    return true;
  }

  // A problem that rested goes on resting: its misfit does not rise.
  void choose_active() {
    const auto most = static_cast<double>(settings_.most_evaluations);
    const double enough = task_.attainable.solved_below(settings_.rest_deviations);
    std::erase_if(active_, [&](std::int64_t row) {
      const auto k = static_cast<std::size_t>(row);
      return (settings_.rest && result_.loss[k] <= enough) ||
             (most > 0.0 && 0.5 * result_.ledger.solves(row) >= most);
    });
  }

  // Of several candidates of a problem the one with the lowest misfit.
  void draw_starts(std::int64_t n_candidate) {
    proposal_.begin(round_, active_, result_);
    std::vector<RandomStream> streams;
    for (const std::int64_t row : active_) streams.push_back(task_.stream("start", round_, row));
    std::vector<double> lowest(active_.size(), std::numeric_limits<double>::quiet_NaN());
    Batch candidates(std::ssize(active_), space_.size());
    Evaluation evaluation(std::ssize(active_), space_.size());
    for (std::int64_t candidate = 0; candidate < n_candidate; ++candidate) {
      {
        const auto m = candidates.write();
        for (std::size_t k = 0; k < active_.size(); ++k)
          proposal_.draw_start({round_, active_[k], candidate}, streams[k],
                               m.row(static_cast<std::int64_t>(k)));
      }
      if (n_candidate > 1)
        task_.objective.evaluate_loss(active_, candidates, result_.ledger, evaluation);
      take_lower(candidates, evaluation, candidate == 0, lowest);
    }
  }

  void take_lower(const Batch& candidates, const Evaluation& evaluation, bool is_first,
                  std::vector<double>& lowest) {
    const auto m = candidates.read();
    const auto starts = starts_.write();
    for (std::size_t k = 0; k < active_.size(); ++k) {
      const bool is_ok = evaluation.outcome[k] == Outcome::ok;
      if (!is_ok) result_.record(active_[k], {}, evaluation.loss[k], evaluation.outcome[k]);
      if (!is_first && (!is_ok || lowest[k] <= evaluation.loss[k])) continue;
      if (is_ok) lowest[k] = evaluation.loss[k];
      std::ranges::copy(m.row(static_cast<std::int64_t>(k)), starts.row(active_[k]).begin());
    }
  }

  void run_round() {
    const auto scope = task_.timer.scope(Phase::solver);
    const auto starts = starts_.read();
    OwnPace safe_points(task_.interruptions, task_.comm, tell_);
    lockstep_.run(
        active_,
        [&](LiveSolve& live) {
          GuardedSolve(settings_, prefix_, space_, result_, live)
              .run(starts.row(live.row()), start_evaluations_, settings_.patience);
        },
        [](std::int64_t) {}, safe_points);
  }

  std::int64_t count_solves() const {
    std::int64_t n = 0;
    for (const std::int64_t row : task_.usable) n += std::llround(result_.ledger.solves(row));
    return reduce_sum(n, task_.comm);
  }

  const RoundsSettings& settings_;
  const Task& task_;
  Proposal& proposal_;
  const ParameterSpace& space_;
  std::string prefix_;
  MethodResult result_;
  Lockstep lockstep_;
  Batch starts_;
  Interruptions::Tell tell_ = [this](StateArchive& archive) { tell(archive); };
  std::int64_t round_ = 0;
  std::int64_t spent_ = 0;              ///< solves of all problems, when the round began
  std::int64_t start_evaluations_ = 0;  ///< of each start of this round, at most
  bool is_prepared_ = false;
  std::vector<std::int64_t> active_;  ///< local rows that go on, ascending
};

}  // namespace

LiveAnswers live_answers_of_rounds(const Settings& settings) {
  const auto& rounds = dynamic_cast<const RoundsSettings&>(settings);
  return {rounds.concurrent_solves, rounds.start_evaluations};
}

MethodResult solve_in_rounds(const RoundsSettings& settings, const Task& task, Proposal& proposal) {
  return Rounds(settings, task, proposal).solve();
}

}  // namespace jpo
