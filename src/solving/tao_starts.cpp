#include "solving/tao_starts.hpp"

#include "solving/progress.hpp"

namespace jpo {

void TaoSettings::describe(KeyTable& table) {
  table.add("max_evaluations", &max_evaluations,
            {.doc = "gradient evaluations a problem, at most; exact", .min = 1});
  TaoSolverSettings::describe(table);
}

MethodResult solve_from(const TaoSettings& settings, const Task& task,
                        const std::vector<const Batch*>& starts, double enough) {
  const ParameterSpace& space = task.objective.shape().parameters;
  MethodResult result(task.objective.n_problem(), space);
  const std::string prefix = petsc_option_prefix(task.name);
  Lockstep lockstep(task.objective, result, settings.concurrent_solves);
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

LiveAnswers live_answers_of_tao(const Settings& settings) {
  const auto& tao = dynamic_cast<const TaoSettings&>(settings);
  return {tao.concurrent_solves, tao.max_evaluations};
}

}  // namespace jpo
