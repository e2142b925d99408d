#include "methods/rounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "methods/best_so_far.hpp"
#include "methods/progress.hpp"

namespace jpo {

void RoundsSettings::describe(KeyTable& table) {
  table.add("max_evaluations", &max_evaluations,
            {.doc = "mean number of gradient evaluations a problem, never exceeded", .min = 1});
  table.add("budget_of", &budget_of,
            {.doc = "name of an earlier method: the budget is what that one has cost, with those "
                    "it started from; max_evaluations is then not used"});
  table.add("start_evaluations", &start_evaluations,
            {.doc = "gradient evaluations of one start, at most", .min = 1});
  table.add("patience", &patience,
            {.doc = "a start is given up after so many evaluations unless it has beaten the "
                    "problem's best answer before it; 0: never",
             .min = 0});
  table.add("rest", &rest,
            {.doc = "true: a problem whose misfit is down at what the noise leaves is not tried "
                    "again (only where data.noise tells that level)"});
  table.add("max_share", &max_share,
            {.doc = "a problem that has had this many times the mean budget is not tried again; 0: "
                    "no such limit. A few whose best answer misses the noise's level by a hair "
                    "would use up all that the others leave",
             .min = 0});
  TaoSolverSettings::describe(table);
}

namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

class Rounds {
 public:
  Rounds(const RoundsSettings& settings, const Task& task, Proposal& proposal)
      : settings_(settings),
        task_(task),
        proposal_(proposal),
        space_(task.objective.shape().parameters),
        prefix_(petsc_option_prefix(task.name)),
        result_(task.objective.n_problem(), space_),
        starts_(result_.parameters.copy()),
        active_(task.usable.begin(), task.usable.end()) {}

  MethodResult solve() {
    const double mean = settings_.budget_of.empty()
                            ? settings_.max_evaluations
                            : task_.earlier_evaluations(settings_.budget_of);
    const auto budget =
        static_cast<std::int64_t>(mean * static_cast<double>(task_.shard.n_problem()));
    Progress progress(task_, budget, "evaluations");
    std::int64_t spent = 0;
    for (std::int64_t round = 0;; ++round) {
      choose_active(settings_.max_share > 0.0 ? settings_.max_share * mean : kNoLimit);
      const std::int64_t n_active =
          reduce_sum(static_cast<std::int64_t>(active_.size()), task_.comm);
      if (n_active == 0) break;
      const std::int64_t share = std::min(settings_.start_evaluations, (budget - spent) / n_active);
      if (share == 0) break;
      run_round(round, share);
      const std::int64_t spent_before = std::exchange(spent, count_evaluations());
      result_.history.entries.push_back(best_so_far(round, result_, task_));
      progress.advance_to(spent, fmt::format("round {}", round));
      if (spent == spent_before) break;  // nobody asks any more: masked
    }
    return std::move(result_);
  }

 private:
  void choose_active(double most_evaluations) {
    std::erase_if(active_, [&](std::int64_t row) {
      const auto k = static_cast<std::size_t>(row);
      return (settings_.rest && result_.loss[k] <= task_.solved_below) ||
             result_.ledger.forward[k] >= most_evaluations;
    });
  }

  void draw_starts(std::int64_t round) {
    proposal_.begin(round, active_, result_);
    const std::string purpose = fmt::format("start {}", round);
    const auto rows = starts_.write();
    for (const std::int64_t row : active_) {
      RandomStream stream(stream_seed(task_.seed, purpose, task_.name, task_.global_id(row)));
      proposal_.draw_start(round, row, stream, rows.row(row));
    }
  }

  void run_round(std::int64_t round, std::int64_t max_evaluations) {
    if (round > 0) draw_starts(round);
    const auto scope = task_.timer.scope(Phase::solver);
    const auto starts = starts_.read();
    run_lockstep(
        task_.objective, result_.ledger, active_, settings_.window,
        [&](LiveSolve& live) {
          GuardedSolve(settings_, prefix_, space_, result_, live)
              .run(starts.row(live.row()), max_evaluations, settings_.patience);
        },
        [](std::int64_t) {});
  }

  // An evaluation that failed has no adjoint solve, and counts as a whole one.
  std::int64_t count_evaluations() const {
    double n = 0.0;
    for (const std::int64_t row : task_.usable)
      n += result_.ledger.forward[static_cast<std::size_t>(row)];
    return reduce_sum(std::llround(n), task_.comm);
  }

  const RoundsSettings& settings_;
  const Task& task_;
  Proposal& proposal_;
  const ParameterSpace& space_;
  std::string prefix_;
  MethodResult result_;
  Batch starts_;
  std::vector<std::int64_t> active_;  ///< local rows that go on, ascending
};

}  // namespace

MethodResult solve_in_rounds(const RoundsSettings& settings, const Task& task, Proposal& proposal) {
  return Rounds(settings, task, proposal).solve();
}

}  // namespace jpo
