#include "training/training.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "solving/best_so_far.hpp"
#include "solving/progress.hpp"
#include "training/clipped_step.hpp"
#include "training/joint_gradient.hpp"
#include "training/normalization.hpp"

namespace jpo {

void TrainingSettings::describe(KeyTable& table) {
  table.add("updates", &updates, {.doc = "optimizer steps", .min = 1});
  table.add("max_evaluations", &max_evaluations,
            {.doc = "stop at this mean number of gradient evaluations a problem; 0: no such limit",
             .min = 0});
  table.add("max_seconds", &max_seconds,
            {.doc = "stop after this time; 0: no such limit (outside the promise of equal bits)",
             .unit = "s",
             .min = 0});
  table.add("patience", &patience,
            {.doc = "stop after so many updates without a lower mean loss; 0: never", .min = 0});
  table.add("mini_batch", &mini_batch,
            {.doc = "rows of every micro-batch in an update; 0: all of them", .min = 0});
  table.add("clip_norm", &clip_norm,
            {.doc = "largest norm of the weight gradient; 0: no clipping",
             .unit = "mean loss at the centre of the box",
             .min = 0});
  table.add("clip_problem", &clip_problem,
            {.doc = "largest norm of one problem's gradient in units of the parameters' scale; 0: "
                    "no clipping",
             .unit = "mean loss at the centre of the box",
             .min = 0});
  table.add("history_every", &history_every,
            {.doc = "updates between two records of the history", .min = 1});
  table.add("gradient_samples", &gradient_samples,
            {.doc = "problems whose own weight gradients are compared with the joint one at each "
                    "record of the history: cosine and signal-to-noise; a cost of that many "
                    "network calls",
             .min = 0});
  table.add(
      "gradient_alignment", &gradient_alignment,
      {.doc = "true: each record of the history has the cosine between the joint gradient and "
              "the one that pulls the answers to the truth; a cost of one more pass"});
  table.add(
      "snapshots", &snapshots,
      {.doc = "equal parts of the training; the best answer of each is kept: refine.starts can "
              "start from them",
       .min = 0,
       .max = 1000,
       .answer_count = AnswerCount::kept});
  learning_rate.describe(table);
  table.add("optimizer", &optimizer.name,
            {.doc = "how the weights step along the gradient", .allowed = {"adam", "adamw"}});
  table.add("beta1", &optimizer.beta1,
            {.doc = "decay of the mean of the gradient", .min = 0, .max = 1, .max_is_open = true});
  table.add("beta2", &optimizer.beta2,
            {.doc = "decay of the mean of its square", .min = 0, .max = 1, .max_is_open = true});
  table.add("epsilon", &optimizer.epsilon,
            {.doc = "added to the root of that mean", .min = 0, .min_is_open = true});
  table.add("weight_decay", &optimizer.weight_decay,
            {.doc = "adam: added to the gradient times the weights; adamw: decoupled", .min = 0});
}

namespace {

// Ends the loop: every rank comes to the same answer, because it sees the same sums.
class StopRule {
 public:
  StopRule(const TrainingSettings& settings) : settings_(settings) {}

  std::optional<StopReason> after(std::int64_t n_update, double evaluations, const JointSum& sum) {
    if (sum.usable && !(sum.loss_mean >= best_loss_)) {
      best_loss_ = sum.loss_mean;
      best_update_ = n_update;
    }
    if (n_update >= settings_.updates) return StopReason::updates_done;
    const double next = evaluations - std::exchange(evaluations_before_, evaluations);
    if (settings_.max_evaluations > 0.0 && evaluations + next > settings_.max_evaluations)
      return StopReason::budget_reached;
    if (settings_.max_seconds > 0.0 && sum.seconds >= settings_.max_seconds)
      return StopReason::budget_reached;
    if (settings_.patience > 0 && n_update - best_update_ >= settings_.patience)
      return StopReason::no_progress;
    return std::nullopt;
  }

  void archive(StateArchive& archive, const std::string& name) {
    archive.shared(name + "/best_loss", best_loss_);
    archive.shared(name + "/best_update", best_update_);
    archive.shared(name + "/evaluations_before", evaluations_before_);
  }

 private:
  const TrainingSettings& settings_;
  double best_loss_ = std::numeric_limits<double>::infinity();
  std::int64_t best_update_ = 0;
  double evaluations_before_ = 0.0;
};

class Training {
 public:
  Training(const TrainingSettings& settings, const Task& task, TrainingSet& set)
      : settings_(settings),
        task_(task),
        set_(set),
        batch_rows_(settings.mini_batch > 0
                        ? std::min(settings.mini_batch, task.shard.micro_batch())
                        : task.shard.micro_batch()),
        shape_(network_shape(task.objective.shape(), batch_rows_)),
        network_(task.network, shape_, stream_seed(task.seed, "network", task.name, 0)),
        result_(task.objective.n_problem(), task.objective.shape().parameters, shape_.space),
        rate_(settings.learning_rate, settings.updates),
        stop_(settings),
        clip_unit_(set.clip_unit()),
        step_(task, network_, settings.clip_norm, clip_unit_) {
    network_.set_optimizer(settings.optimizer);
    network_.set_normalization(input_statistics(network_, task));
  }

  MethodResult solve() {
    JointGradient joint(task_, network_, set_, batch_rows_);
    task_.interruptions.resume([this](StateArchive& archive) { tell(archive); });
    Progress progress(task_, settings_.updates, "updates", n_update_);
    std::optional<StopReason> stop;
    while (!stop) {
      const std::int64_t update = n_update_;
      const JointSum sum =
          joint.evaluate(update, problem_clip(), result_, task_.interruptions.wish());
      evaluations_ += set_.evaluation_cost() * static_cast<double>(sum.n_counted + sum.n_failed) /
                      static_cast<double>(task_.shard.n_problem());
      stop = stop_.after(update + 1, evaluations_, sum);
      if (update % settings_.history_every == 0 || stop) record(joint, update, sum);
      if (sum.usable) {
        step_.take(joint.gradient(), sum, rate_.at(update));
        rate_.observe(sum.loss_mean);
      }
      keep_snapshot(joint, update + 1);
      ++n_update_;
      progress.advance(progress.will_print() ? describe(sum) : "");
      if (!stop)
        task_.interruptions.serve(sum.wish, [this](StateArchive& archive) { tell(archive); });
    }
    joint.evaluate_answers(result_);
    return finish(*stop);
  }

 private:
  void tell(StateArchive& archive) {
    archive.shared("n_update", n_update_);
    archive.shared("evaluations", evaluations_);
    network_.archive(archive, "network");
    result_.archive(archive, "result");
    rate_.archive(archive, "rate");
    stop_.archive(archive, "stop");
    set_.archive(archive, "set");
    task_.objective.archive(archive, "objective");
  }

  double problem_clip() const { return settings_.clip_problem * clip_unit_; }

  // Snapshot k of n after k / n of the updates: the best answers since the last one, and the
  // network's where a problem had none.
  void keep_snapshot(JointGradient& joint, std::int64_t n_update) {
    const std::int64_t n = settings_.snapshots;
    if (n_update * n / settings_.updates == (n_update - 1) * n / settings_.updates) return;
    result_.snapshots.push_back(result_.parameters.copy());
    joint.predict_answers(result_.snapshots.back());
    result_.take_recent(result_.snapshots.back());
  }

  // Before the step: samples of the gradient are taken at the weights that it was taken at.
  void record(JointGradient& joint, std::int64_t update, const JointSum& sum) {
    const GradientSamples samples = joint.sample_gradients(update, settings_.gradient_samples);
    const auto scope = task_.timer.scope(Phase::reduce);
    History::Entry entry;
    entry.iteration = update;
    entry.loss_mean = sum.loss_mean;
    entry.loss_quantiles = best_loss_quantiles(result_, task_.comm);
    entry.gradient_norm = sum.gradient_norm;
    entry.failed = sum.n_failed;
    entry.gradient_evaluations = evaluations_;
    entry.learning_rate = rate_.at(update);
    entry.clipped = static_cast<double>(sum.n_clipped) /
                    static_cast<double>(std::max<std::int64_t>(sum.n_counted, 1));
    entry.cosine = samples.cosine;
    entry.signal_to_noise = samples.signal_to_noise;
    if (settings_.gradient_alignment) entry.alignment = joint.alignment();
    result_.history.entries.push_back(entry);
  }

  std::string describe(const JointSum& sum) const {
    return fmt::format("loss {:.4g}, failed {}", sum.loss_mean, sum.n_failed);
  }

  MethodResult finish(StopReason stop) {
    for (const std::int64_t row : task_.usable) {
      const auto k = static_cast<std::size_t>(row);
      result_.reason[k] =
          std::isnan(result_.loss[k]) ? stop_reason_of(result_.last_failure[k]) : stop;
    }
    result_.network = trained_network(task_.network, shape_, network_);
    return std::move(result_);
  }

  const TrainingSettings& settings_;
  const Task& task_;
  TrainingSet& set_;
  std::int64_t batch_rows_;
  NetworkShape shape_;
  Network network_;
  MethodResult result_;
  LearningRate rate_;
  StopRule stop_;
  double clip_unit_;
  ClippedStep step_;
  double evaluations_ = 0.0;
  std::int64_t n_update_ = 0;
};

}  // namespace

void check_training(const std::string& name, const Settings& settings, const RunInputs& inputs) {
  const auto& training = dynamic_cast<const TrainingSettings&>(settings);
  if (training.gradient_alignment && !inputs.knows_truth)
    throw BadInput(
        fmt::format("key 'method.{}.gradient_alignment' = true: the problems of data.file have no "
                    "truth to pull to; allowed: false, or a file with /problems/truth",
                    name));
}

MethodResult train(const TrainingSettings& settings, const Task& task, TrainingSet& set) {
  return Training(settings, task, set).solve();
}

}  // namespace jpo
