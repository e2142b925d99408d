// The fair classical rival of every joint method: TAO from many seeded starts, round by round,
// until the same budget is spent. Start 0 is the centre of the box, the others are draws from it
// (from a normal distribution where a parameter is unbounded). The best answer of a problem counts.
//
// A problem whose misfit says that it is solved rests, and its share of the budget goes to the
// others; where the attainable misfit is not known, none does. Rounds are agreed over all ranks:
// the same bits for any number of them.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/random.hpp"
#include "methods/best_so_far.hpp"
#include "methods/progress.hpp"
#include "methods/starts.hpp"
#include "methods/tao_solve.hpp"

namespace jpo {
namespace {

struct MultiStartSettings : TaoSolverSettings {
  double max_evaluations = 600.0;
  std::string budget_of;
  std::int64_t start_evaluations = 100;
  bool rest = true;

  void describe(KeyTable& table) override {
    table.add("max_evaluations", &max_evaluations,
              {.doc = "mean number of gradient evaluations a problem, never exceeded", .min = 1});
    table.add("budget_of", &budget_of,
              {.doc = "name of an earlier method: the budget is what that one has cost, with those "
                      "it started from; max_evaluations is then not used"});
    table.add("start_evaluations", &start_evaluations,
              {.doc = "gradient evaluations of one start, at most", .min = 1});
    table.add("rest", &rest,
              {.doc = "true: a problem whose misfit is down at what the noise leaves is not tried "
                      "again (only where data.noise tells that level)"});
    TaoSolverSettings::describe(table);
  }
};

class MultiStart {
 public:
  MultiStart(const MultiStartSettings& settings, const Task& task)
      : settings_(settings),
        task_(task),
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
      choose_active();
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
  void choose_active() {
    if (!settings_.rest) return;
    std::erase_if(active_, [&](std::int64_t row) {
      return result_.loss[static_cast<std::size_t>(row)] <= task_.solved_below;
    });
  }

  void draw_starts(std::int64_t round) {
    if (round == 0) return;  // the centre, where a result begins
    const auto rows = starts_.write();
    for (const std::int64_t row : active_) {
      RandomStream stream(stream_seed(task_.seed, fmt::format("start {}", round), task_.name,
                                      task_.shard.first_problem() + row));
      draw_from_box(stream, space_, rows.row(row));
    }
  }

  void run_round(std::int64_t round, std::int64_t max_evaluations) {
    draw_starts(round);
    const auto scope = task_.timer.scope(Phase::solver);
    const auto starts = starts_.read();
    run_lockstep(
        task_.objective, result_.ledger, active_, settings_.window,
        [&](LiveSolve& live) {
          GuardedSolve(settings_, prefix_, space_, result_, live)
              .run(starts.row(live.row()), max_evaluations);
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

  const MultiStartSettings& settings_;
  const Task& task_;
  const ParameterSpace& space_;
  std::string prefix_;
  MethodResult result_;
  Batch starts_;
  std::vector<std::int64_t> active_;  ///< local rows that go on, ascending
};

}  // namespace

MethodKind multi_start_kind() {
  return {"multi_start",
          "TAO from many starts a problem, up to a budget: the fair rival of a joint method",
          [] { return std::make_unique<MultiStartSettings>(); },
          [](const Settings& settings, const Task& task) {
            return MultiStart(dynamic_cast<const MultiStartSettings&>(settings), task).solve();
          },
          [](const std::string& name, const Settings& settings, const ModelShape&) {
            return refused_options(dynamic_cast<const TaoSolverSettings&>(settings), name);
          }};
}

}  // namespace jpo
