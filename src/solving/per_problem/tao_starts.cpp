#include "solving/per_problem/tao_starts.hpp"

namespace jpo {

void TaoSettings::describe(KeyTable& table) {
  table.add(
      "max_evaluations", &max_evaluations,
      {.doc = "largest number of gradient evaluations per problem, never exceeded", .min = 1});
  TaoSolverSettings::describe(table);
}

TaoStarts::TaoStarts(const TaoSettings& settings, const Task& task, double solved_level)
    : settings_(settings),
      task_(task),
      solved_level_(solved_level),
      prefix_(petsc_option_prefix(task.name)),
      lockstep_(task.objective, task.result, settings.concurrent_solves) {
  task.result.course = {std::ssize(task.result.loss),
                        static_cast<double>(settings.max_evaluations)};
}

void TaoStarts::step(SafePoint& safe_point) {
  const auto scope = task_.timer.scope(Phase::solver);
  MethodResult& result = task_.result;
  const ParameterSpace& space = task_.objective.shape().parameters;
  lockstep_.run(
      task_.usable,
      [&](LiveSolve& live) {
        GuardedSolve solve(settings_, prefix_, space, result, live);
        for (const Batch* start : starts_) {
          if (result.loss[live.row()] <= solved_level_) break;
          solve.run(start->read().row(live.row()),
                    settings_.max_evaluations - solve.n_evaluation());
        }
      },
      safe_point);
  is_done_ = true;
}

StepReport TaoStarts::report() const {
  return {.n_done = lockstep_.n_done(),
          .n_total = std::ssize(task_.usable),
          .unit = "problems",
          .detail = "on rank 0",
          .is_recorded = false};
}

}  // namespace jpo
