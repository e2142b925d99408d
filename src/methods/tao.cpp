// Per-problem TAO: every problem has a solver of its own, advanced in lockstep so that one batched
// model call serves all live problems of the rank. "tao" starts at the centre of the box, "refine"
// at another method's answer, or at several one after the other.

#include <limits>

#include "methods/progress.hpp"
#include "methods/tao_solve.hpp"

namespace jpo {
namespace {

constexpr double kNeverEnough = -std::numeric_limits<double>::infinity();

struct TaoSettings : TaoSolverSettings {
  std::int64_t max_evaluations = 100;

  void describe(KeyTable& table) override {
    table.add("max_evaluations", &max_evaluations,
              {.doc = "gradient evaluations a problem, at most; exact", .min = 1});
    TaoSolverSettings::describe(table);
  }
};

struct RefineSettings : TaoSettings {
  std::string from;
  std::int64_t starts = 1;
  bool rest = true;
  double rest_deviations = kRestDeviations;
  void describe(KeyTable& table) override {
    table.add(
        "from", &from,
        {.doc = "name of the earlier method whose answers are the starts; a problem without one "
                "starts at the centre",
         .required = true});
    table.add("starts", &starts,
              {.doc = "starts a problem, one after the other, the best answer counts: the earlier "
                      "method's best answer, then its snapshots, newest first; max_evaluations is "
                      "for all of them",
               .min = 1,
               .max = 1000});
    table.add(
        "rest", &rest,
        {.doc = "true: a problem whose misfit is down at what the noise leaves is not tried "
                "from its other starts (only where data.inverse_crime is true: else that level is "
                "not known)"});
    table.add("rest_deviations", &rest_deviations, rest_deviations_rule());
    TaoSettings::describe(table);
  }
};

// starts: batches of one row a local problem, tried in this order until the misfit is at or below
// enough.
MethodResult solve_from(const TaoSettings& settings, const Task& task,
                        const std::vector<const Batch*>& starts, double enough) {
  const ParameterSpace& space = task.objective.shape().parameters;
  MethodResult result(task.objective.n_problem(), space);
  const std::string prefix = petsc_option_prefix(task.name);
  Lockstep lockstep(task.objective, result, settings.window);
  const auto tell = [&](StateArchive& archive) {
    lockstep.archive(archive, "solves");
    task.objective.archive(archive, "objective");
  };
  task.interruptions.resume(tell);
  Progress progress(task, std::ssize(task.usable), "problems of rank 0", lockstep.n_done());
  OwnPace safe_points(task.interruptions, task.comm, tell);
  const auto scope = task.timer.scope(Phase::solver);
  lockstep.run(
      task.usable,
      [&](LiveSolve& live) {
        GuardedSolve solve(settings, prefix, space, result, live);
        for (const Batch* start : starts) {
          if (result.loss[static_cast<std::size_t>(live.row())] <= enough) break;
          solve.run(start->read().row(live.row()), settings.max_evaluations - solve.n_evaluation());
        }
      },
      [&](std::int64_t) { progress.advance(); }, safe_points);
  return result;
}

MethodResult solve_tao(const Settings& settings, const Task& task) {
  // The centre of the box is what a fresh result holds.
  const MethodResult centre(task.objective.n_problem(), task.objective.shape().parameters);
  return solve_from(dynamic_cast<const TaoSettings&>(settings), task, {&centre.parameters},
                    kNeverEnough);
}

MethodResult solve_refine(const Settings& settings, const Task& task) {
  const auto& refine = dynamic_cast<const RefineSettings&>(settings);
  const MethodResult& earlier = task.earlier(refine.from);
  std::vector<const Batch*> starts = {&earlier.parameters};
  for (auto snapshot = earlier.snapshots.rbegin();
       snapshot != earlier.snapshots.rend() && std::ssize(starts) < refine.starts; ++snapshot)
    starts.push_back(&*snapshot);
  return solve_from(
      refine, task, starts,
      refine.rest ? task.attainable.solved_below(refine.rest_deviations) : kNeverEnough);
}

LiveAnswers live_answers(const Settings& settings) {
  const auto& tao = dynamic_cast<const TaoSettings&>(settings);
  return {tao.window, tao.max_evaluations};
}

}  // namespace

MethodKind tao_kind() {
  MethodKind kind{"tao", "one TAO solve a problem, from the centre of the box",
                  [] { return std::make_unique<TaoSettings>(); }, solve_tao, refused_options};
  kind.live_answers = live_answers;
  return kind;
}

MethodKind refine_kind() {
  MethodKind kind{"refine", "one TAO solve a problem, from an earlier method's answer",
                  [] { return std::make_unique<RefineSettings>(); }, solve_refine, refused_options};
  kind.live_answers = live_answers;
  return kind;
}

}  // namespace jpo
