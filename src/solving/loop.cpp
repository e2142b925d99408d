#include "solving/loop.hpp"

#include <cmath>

#include "solving/best_so_far.hpp"
#include "solving/progress.hpp"

namespace jpo {
namespace {

void record(const StepReport& report, std::int64_t n_step, const Task& task) {
  if (!report.is_recorded) return;
  const auto scope = task.timer.scope(Phase::reduce);
  const History::Entry best = best_so_far(task);
  History::Entry entry = report.entry;
  entry.iteration = static_cast<double>(n_step);
  entry.loss_quantiles = best.loss_quantiles;
  entry.seconds = reduce_max(task.result.seconds, task.comm);
  for (double History::Entry::*column :
       {&History::Entry::loss_mean, &History::Entry::failed, &History::Entry::gradient_evaluations})
    if (std::isnan(entry.*column)) entry.*column = best.*column;
  task.result.history.entries.push_back(entry);
}

// Makes the history from the course of a method that solves in one step.
void record_course(const Task& task) {
  MethodResult& result = task.result;
  if (result.course.evaluations().empty()) return;
  const auto scope = task.timer.scope(Phase::reduce);
  result.history.entries = entries_of_course(task, reduce_max(result.seconds, task.comm));
  result.course = {};
}

// Replaces the initial reason, solve_diverged, for problems with an answer.
void complete_reasons(const Task& task) {
  MethodResult& result = task.result;
  for (const std::int64_t row : task.usable)
    if (std::isfinite(result.loss[row]) && result.reason[row] == StopReason::solve_diverged)
      result.reason[row] = StopReason::updates_done;
}

void archive_state(StateArchive& archive, Method& method, const Task& task, std::int64_t& n_step) {
  archive.shared("loop/n_step", n_step);
  task.result.archive(archive, "loop/result");
  method.archive(archive);
  task.objective.archive(archive, "loop/objective");
}

}  // namespace

void restore(Method& method, const Task& task, Interruptions& interruptions) {
  std::int64_t n_step = 0;
  interruptions.resume(
      [&](StateArchive& archive) { archive_state(archive, method, task, n_step); });
  complete_reasons(task);
  record_course(task);
}

void solve(Method& method, const Task& task, Interruptions& interruptions) {
  std::int64_t n_step = 0;
  task.result.start_clock();
  const Interruptions::State state = [&](StateArchive& archive) {
    task.result.count_seconds();
    archive_state(archive, method, task, n_step);
  };
  if (!interruptions.resume(state)) method.init();
  Progress progress(task, method.report());
  const std::function<void()> show = [&] {
    if (progress.is_due()) progress.print(method.report());
  };
  while (!method.is_done()) {
    own_progress().step = n_step;
    SafePoint safe_point(interruptions, task.comm, state, show);
    method.step(safe_point);
    task.result.count_seconds();
    record(method.report(), n_step, task);
    show();
    ++n_step;
    if (!method.is_done()) safe_point.serve();
  }
  method.answer();
  complete_reasons(task);
  task.result.count_seconds();
  record_course(task);
}

}  // namespace jpo
