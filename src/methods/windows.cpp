// Quasi-static assimilation (Pires, Vautard, Talagrand 1996, Tellus A 48): TAO on a window of the
// observations that grows, each stage from the last one's answer. Short windows have few minima,
// and the minimum moves little from stage to stage. A solve costs the share of the horizon it
// needs.

#include <algorithm>
#include <cmath>
#include <utility>

#include "methods/method.hpp"
#include "solving/progress.hpp"
#include "solving/tao_solve.hpp"

namespace jpo {
namespace {

struct WindowsSettings : TaoSolverSettings {
  std::int64_t stages = 0;
  std::int64_t stage_evaluations = 20;
  std::int64_t last_evaluations = 80;

  void describe(KeyTable& table) override {
    table.add("stages", &stages,
              {.doc = "windows, evenly longer; 0: one for each time of observation", .min = 0});
    table.add("stage_evaluations", &stage_evaluations,
              {.doc = "evaluations of one stage, at most; each costs its share of the horizon",
               .min = 1});
    table.add("last_evaluations", &last_evaluations,
              {.doc = "evaluations of the last stage, over the whole horizon", .min = 1});
    TaoSolverSettings::describe(table);
  }
};

// Answers of a stage, where it has any, are the next one's starts.
void take_answers(const MethodResult& stage, Batch& starts) {
  const auto from = stage.parameters.read();
  const auto to = starts.write();
  for (std::size_t row = 0; row < stage.loss.size(); ++row)
    if (std::isfinite(stage.loss[row]))
      std::ranges::copy(from.row(static_cast<std::int64_t>(row)),
                        to.row(static_cast<std::int64_t>(row)).begin());
}

// Losses of different windows are not comparable: each stage has answers of its own.
void forget_answers(MethodResult& result, const ParameterSpace& space) {
  Ledger ledger = std::move(result.ledger);
  result = MethodResult(std::ssize(result.loss), space);
  result.ledger = std::move(ledger);
}

MethodResult solve_windows(const Settings& any, const Task& task) {
  const auto& settings = dynamic_cast<const WindowsSettings&>(any);
  const ModelShape& shape = task.objective.shape();
  const std::int64_t n_channel = shape.observation.n_channel;
  const std::int64_t n_stage = settings.stages > 0 ? settings.stages : n_channel;
  const std::string prefix = petsc_option_prefix(task.name);
  MethodResult result(task.objective.n_problem(), shape.parameters);
  Batch starts = result.parameters.copy();
  std::int64_t stage = 1;
  Lockstep lockstep(task.objective, result, settings.concurrent_solves);
  const auto tell = [&](StateArchive& archive) {
    archive.shared("stage", stage);
    archive.by_problem("starts", starts);
    lockstep.archive(archive, "solves");
    task.objective.archive(archive, "objective");
  };
  task.interruptions.resume(tell);
  Progress progress(task, n_stage, "windows", stage - 1);
  const auto scope = task.timer.scope(Phase::solver);
  for (;; ++stage) {
    task.objective.observe_channels((n_channel * stage + n_stage - 1) / n_stage);
    const std::int64_t budget =
        stage < n_stage ? settings.stage_evaluations : settings.last_evaluations;
    OwnPace safe_points(task.interruptions, task.comm, tell);
    lockstep.run(
        task.usable,
        [&](LiveSolve& live) {
          GuardedSolve(settings, prefix, shape.parameters, result, live)
              .run(starts.read().row(live.row()), budget);
        },
        [](std::int64_t) {}, safe_points);
    progress.advance();
    if (stage == n_stage) break;
    take_answers(result, starts);
    forget_answers(result, shape.parameters);
  }
  task.objective.observe_channels(n_channel);
  return result;
}

}  // namespace

MethodKind windows_kind() {
  MethodKind kind{"windows", "TAO on a growing window of observations: quasi-static assimilation",
                  [] { return std::make_unique<WindowsSettings>(); }, solve_windows,
                  [](const std::string& name, const Settings& settings, const ModelShape& shape) {
                    return shape.channels_in_time
                               ? refused_options(name, settings, shape)
                               : "it needs observations at several times, channel by channel";
                  }};
  kind.live_answers = [](const Settings& settings) {
    const auto& windows = dynamic_cast<const WindowsSettings&>(settings);
    return LiveAnswers{windows.concurrent_solves,
                       std::max(windows.stage_evaluations, windows.last_evaluations)};
  };
  return kind;
}

}  // namespace jpo
