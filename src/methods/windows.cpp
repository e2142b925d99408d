// Quasi-static assimilation (Pires, Vautard, Talagrand 1996, Tellus A 48): TAO on a growing window
// of the observations; each stage starts from the answer of the stage before. Short windows have
// few minima, and the minimum moves little from stage to stage. A solve costs the share of the
// horizon that its window covers.

#include <algorithm>
#include <cmath>
#include <utility>

#include "methods/method.hpp"
#include "solving/per_problem/tao_solve.hpp"

namespace jpo {
namespace {

struct WindowsSettings : TaoSolverSettings {
  std::int64_t stages = 0;
  std::int64_t stage_evaluations = 20;
  std::int64_t last_evaluations = 80;

  void describe(KeyTable& table) override {
    table.add("stages", &stages,
              {.doc = "number of windows; each is longer than the previous one by the same time; "
                      "0: one per observation time",
               .min = 0});
    table.add(
        "stage_evaluations", &stage_evaluations,
        {.doc = "largest number of evaluations in one stage; each costs its share of the horizon",
         .min = 1});
    table.add("last_evaluations", &last_evaluations,
              {.doc = "largest number of evaluations in the last stage, over the whole horizon",
               .min = 1});
    TaoSolverSettings::describe(table);
  }
};

class Windows final : public Method {
 public:
  using Settings = WindowsSettings;
  static MethodTraits traits(const Settings& settings) {
    return {.recorded = {settings.concurrent_solves,
                         std::max(settings.stage_evaluations, settings.last_evaluations)}};
  }
  static std::string refusal(const std::string& name, const Settings& settings,
                             const ModelShape& shape) {
    return shape.channels_in_time ? refused_options(name, settings)
                                  : "it needs one observation channel per time";
  }

  Windows(const Settings& settings, const Task& task)
      : settings_(settings),
        task_(task),
        n_channel_(task.objective.shape().observation.n_channel),
        n_stage_(settings.stages > 0 ? settings.stages : n_channel_),
        prefix_(petsc_option_prefix(task.name)),
        starts_(task.result.parameters.copy()),
        lockstep_(task.objective, task.result, settings.concurrent_solves) {
    if (n_stage_ == 1) task_.result.course = course();
  }

  // Runs one stage.
  void step(SafePoint& safe_point) override {
    const auto scope = task_.timer.scope(Phase::solver);
    const ParameterSpace& space = task_.objective.shape().parameters;
    if (!std::exchange(is_in_stage_, true) && stage_ > 0) begin_stage();
    const std::int64_t stage = stage_ + 1;
    task_.objective.observe_channels((n_channel_ * stage + n_stage_ - 1) / n_stage_);
    const std::int64_t budget =
        stage < n_stage_ ? settings_.stage_evaluations : settings_.last_evaluations;
    lockstep_.run(
        task_.usable,
        [&](LiveSolve& live) {
          GuardedSolve(settings_, prefix_, space, task_.result, live)
              .run(starts_.read().row(live.row()), budget);
        },
        safe_point);
    is_in_stage_ = false;
    stage_ = stage;
  }
  bool is_done() const override { return stage_ == n_stage_; }
  void answer() override { task_.objective.observe_channels(n_channel_); }
  void archive(StateArchive& archive) override {
    archive.shared("stage", stage_);
    archive.shared("is_in_stage", is_in_stage_);
    archive.by_problem("starts", starts_);
    lockstep_.archive(archive, "solves");
  }
  StepReport report() const override {
    return {.n_done = stage_, .n_total = n_stage_, .unit = "windows", .is_recorded = false};
  }

 private:
  // Returns an empty course of the last stage, the only one with losses of all observations.
  LossCourse course() const {
    return {std::ssize(task_.result.loss),
            static_cast<double>((n_stage_ - 1) * settings_.stage_evaluations +
                                settings_.last_evaluations)};
  }

  // Takes the answers of the last stage as starts. Losses of different windows cannot be compared,
  // so each stage has a new result with the same ledger and history.
  void begin_stage() {
    {
      const auto from = task_.result.parameters.read();
      const auto to = starts_.write();
      for (std::size_t row = 0; row < task_.result.loss.size(); ++row)
        if (std::isfinite(task_.result.loss[row]))
          std::ranges::copy(from.row(row), to.row(row).begin());
    }
    MethodResult fresh(std::ssize(task_.result.loss), task_.objective.shape().parameters);
    fresh.ledger = std::move(task_.result.ledger);
    fresh.seconds = task_.result.seconds;
    if (stage_ + 1 == n_stage_) fresh.course = course();
    task_.result = std::move(fresh);
    lockstep_.begin();
  }

  const Settings& settings_;
  const Task& task_;
  std::int64_t n_channel_;
  std::int64_t n_stage_;
  std::string prefix_;
  Batch starts_;
  Lockstep lockstep_;
  // Number of stages that are done.
  std::int64_t stage_ = 0;
  bool is_in_stage_ = false;
};

const RegisterMethod<Windows> registered{
    "windows", "TAO on a growing window of observations (quasi-static assimilation)"};

}  // namespace
}  // namespace jpo
