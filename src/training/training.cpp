#include "training/training.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "training/normalization.hpp"

namespace jpo {

namespace {

void describe_optimizer(KeyTable& table, OptimizerSettings& optimizer) {
  table.add("optimizer", &optimizer.name,
            {.doc = "optimizer of the weights", .allowed = {"adam", "adamw"}});
  table.add("beta1", &optimizer.beta1,
            {.doc = "decay of the running mean of the gradient",
             .min = 0,
             .max = 1,
             .max_is_open = true});
  table.add("beta2", &optimizer.beta2,
            {.doc = "decay of the running mean of the squared gradient",
             .min = 0,
             .max = 1,
             .max_is_open = true});
  table.add("epsilon", &optimizer.epsilon,
            {.doc = "added to the square root of the running mean of the squared gradient",
             .min = 0,
             .min_is_open = true});
  table.add("weight_decay", &optimizer.weight_decay,
            {.doc = "adam: this multiple of the weights is added to the gradient; adamw: decoupled "
                    "decay",
             .min = 0});
}

}  // namespace

void TrainingSettings::describe(KeyTable& table) {
  table.add("updates", &updates, {.doc = "optimizer steps", .min = 1});
  table.add("max_evaluations", &max_evaluations,
            {.doc = "stop before the mean number of gradient evaluations per problem exceeds this; "
                    "0: no limit",
             .min = 0});
  table.add("max_seconds", &max_seconds,
            {.doc = "stop after this time; 0: no limit. With a limit, results are not reproducible "
                    "bit by bit",
             .unit = "s",
             .min = 0});
  table.add(
      "patience", &patience,
      {.doc = "stop after this many updates without a lower mean loss; 0: no limit", .min = 0});
  table.add("mini_batch", &mini_batch,
            {.doc = "problems of each micro-batch in an update; 0: all", .min = 0});
  table.add("clip_norm", &clip_norm,
            {.doc = "largest norm of the weight gradient; 0: no clipping",
             .unit = "mean loss at the start",
             .min = 0});
  table.add("clip_problem", &clip_problem,
            {.doc = "largest norm of one problem's gradient, with parameters in units of their "
                    "scale; 0: no clipping",
             .unit = "mean loss at the start",
             .min = 0});
  table.add("history_every", &history_every,
            {.doc = "number of updates from one record of the history to the next", .min = 1});
  table.add("gradient_samples", &gradient_samples,
            {.doc = "number of problems whose weight gradients are compared with the joint one in "
                    "each record of the history (cosine, signal-to-noise); each costs one network "
                    "call",
             .min = 0});
  table.add(
      "gradient_alignment", &gradient_alignment,
      {.doc = "true: each record of the history has the cosine between the joint gradient and "
              "the gradient of the squared parameter error; costs one more pass of the network"});
  table.add(
      "snapshots", &snapshots,
      {.doc =
           "number of snapshots: the updates are divided into this number of equal intervals, and "
           "the best answers of each interval are stored as starts for refine (key starts)",
       .min = 0,
       .max = 1000,
       .answer_count = AnswerCount::kept});
  learning_rate.describe(table);
  describe_optimizer(table, optimizer);
}

Training::Training(const TrainingSettings& settings, const Task& task,
                   std::unique_ptr<TrainingSet> set)
    : settings_(settings),
      task_(task),
      set_(std::move(set)),
      batch_rows_(settings.mini_batch > 0 ? std::min(settings.mini_batch, task.shard.micro_batch())
                                          : task.shard.micro_batch()),
      shape_(network_shape(task.objective.shape(), batch_rows_)),
      network_(task.network, shape_, stream_seed(task.seed, "network", task.name, 0)),
      joint_(task, network_, *set_, batch_rows_),
      rate_(settings.learning_rate, settings.updates),
      stop_rule_(settings.limits()),
      clip_unit_(set_->clip_unit()),
      step_(task, network_, settings.clip_norm, clip_unit_) {
  network_.set_optimizer(settings.optimizer);
  network_.set_normalization(input_statistics(network_, task));
}

void Training::check_inputs(const std::string& name, const TrainingSettings& settings,
                            const RunInputs& inputs) {
  if (settings.gradient_alignment && !inputs.knows_truth)
    throw BadInput(
        fmt::format("key 'method.{}.gradient_alignment' = true: the problems of data.file have no "
                    "known truth; allowed: false, or a file with /problems/truth",
                    name));
}

void Training::step(SafePoint& safe_point) {
  const std::int64_t update = n_update_;
  sum_ = joint_.evaluate(update, settings_.clip_problem * clip_unit_, task_.result,
                         safe_point.request());
  safe_point.set_agreed(sum_.request);
  evaluations_ += set_->evaluation_cost() * static_cast<double>(sum_.n_counted + sum_.n_failed) /
                  static_cast<double>(task_.shard.n_problem());
  stop_ = stop_rule_.after(update + 1, evaluations_, sum_);
  is_recorded_ = update % settings_.history_every == 0 || stop_;
  // Measured before the step changes the weights.
  if (is_recorded_) entry_ = measure(sum_);
  if (sum_.usable) {
    step_.take(joint_.gradient(), sum_, rate_.at(update));
    rate_.observe(sum_.loss_mean);
  }
  keep_snapshot(update + 1);
  ++n_update_;
}

void Training::answer() {
  MethodResult& result = task_.result;
  joint_.evaluate_answers(result);
  for (const std::int64_t row : task_.usable)
    result.reason[row] = std::isnan(result.loss[row]) ? stop_reason_of(result.last_failure[row])
                                                      : stop_.value_or(StopReason::updates_done);
  result.network = trained_network(task_.network, shape_, network_);
}

void Training::archive(StateArchive& archive) {
  archive.shared("n_update", n_update_);
  archive.shared("evaluations", evaluations_);
  network_.archive(archive, "network");
  rate_.archive(archive, "rate");
  stop_rule_.archive(archive, "stop");
  set_->archive(archive, "set");
}

StepReport Training::report() const {
  return {.n_done = n_update_,
          .n_total = settings_.updates,
          .unit = "updates",
          .detail = fmt::format("loss {:.4g}, failed {}", sum_.loss_mean, sum_.n_failed),
          .is_recorded = is_recorded_,
          .entry = entry_};
}

// Appends a snapshot after each 1 / n of the updates: the best answers since the last snapshot. A
// problem without one gets the network's current answer.
void Training::keep_snapshot(std::int64_t n_update) {
  const std::int64_t n = settings_.snapshots;
  if (n_update * n / settings_.updates == (n_update - 1) * n / settings_.updates) return;
  MethodResult& result = task_.result;
  result.snapshots.push_back(result.parameters.copy());
  joint_.predict_answers(result.snapshots.back());
  result.take_improved(result.snapshots.back());
}

History::Entry Training::measure(const JointSum& sum) {
  const GradientSamples samples = joint_.sample_gradients(n_update_, settings_.gradient_samples);
  History::Entry entry;
  entry.loss_mean = sum.loss_mean;
  entry.gradient_norm = sum.gradient_norm;
  entry.failed = static_cast<double>(sum.n_failed);
  entry.gradient_evaluations = evaluations_;
  entry.learning_rate = rate_.at(n_update_);
  entry.clipped = static_cast<double>(sum.n_clipped) /
                  static_cast<double>(std::max<std::int64_t>(sum.n_counted, 1));
  entry.cosine = samples.cosine;
  entry.signal_to_noise = samples.signal_to_noise;
  if (settings_.gradient_alignment) entry.alignment = joint_.alignment();
  return entry;
}

}  // namespace jpo
