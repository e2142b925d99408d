#include "training/joint_gradient.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

#include "core/dot.hpp"
#include "core/hash.hpp"
#include "core/random.hpp"

namespace jpo {
namespace {

enum Count : std::uint8_t { kCounted, kFailed, kClipped, kSave, kStop, n_count };
enum Scalar : std::uint8_t { kLoss, n_scalar };

bool is_ok(Outcome outcome) {
  return outcome == Outcome::ok;
}

// Multiplying by a power of two is exact if the result is a normal number, and is cheaper than a
// call of ldexp for each value.
double power_of_two(int exponent) {
  return std::ldexp(1.0, std::clamp(exponent, -1000, 1000));
}

}  // namespace

JointGradient::JointGradient(const Task& task, Network& network, TrainingSet& set,
                             std::int64_t rows_per_micro_batch)
    : task_(task),
      network_(network),
      set_(set),
      rows_per_micro_batch_(rows_per_micro_batch),
      n_micro_batch_(task.shard.n_local_micro_batch()),
      calls_(task.shard, rows_per_micro_batch),
      rows_(network.space()),
      m_(std::max<std::int64_t>(task.shard.n_local_problem(), 0),
         task.objective.shape().parameters.size(), network.space()),
      evaluation_(m_.capacity(), m_.n_component(), network.space()),
      gradients_(task.objective.shape().parameters, network.space()),
      single_gradient_(m_.capacity(), m_.n_component(), network.space()),
      micro_gradient_(network.space(), network.n_weight()),
      gradient_(static_cast<std::size_t>(network.n_weight())),
      sum_({network.n_weight(), n_count, n_scalar}, task.sums.reduction, network.space()) {
  micro_batch_rows_.reserve(task.shard.micro_batch());
}

JointSum JointGradient::evaluate(std::int64_t update, double problem_clip, MethodResult& result,
                                 Request request) {
  request_ = request;
  set_.begin(update);
  choose_rows(update);
  predict(set_.observation(), set_.context(), true);
  set_.evaluate(update, rows(), m_, result, evaluation_);
  n_clipped_ = problem_clip > 0.0 ? gradients_.clip(problem_clip, evaluation_.gradient) : 0;
  JointSum sum;
  const Scale scale = agree_on_scale(sum);
  exponent_ = scale.gradient;
  sum_.clear();
  add_gradients(scale.gradient);
  add_losses(scale.loss);
  collect(scale, sum);
  return sum;
}

void JointGradient::evaluate_answers(MethodResult& result) {
  calls_.choose_all(task_.usable);
  const LocalProblems& problems = task_.objective.problems();
  predict(problems.observation, problems.context, false);
  task_.objective.evaluate_loss(rows(), m_, result.ledger, evaluation_);
  result.record(rows(), m_, evaluation_);
}

void JointGradient::predict_answers(Batch& m) {
  calls_.choose_all(task_.usable);
  const LocalProblems& problems = task_.objective.problems();
  predict(problems.observation, problems.context, false);
  rows_.assign(rows());
  scatter_rows(m_, rows_, m);
}

// Full batch: every row. Mini-batch: for each epoch, a permutation of each micro-batch's rows is
// drawn by (epoch, global micro-batch id). Each update takes its next rows_per_micro_batch_ rows.
void JointGradient::choose_rows(std::int64_t update) {
  const std::int64_t fullest = std::min(task_.shard.micro_batch(), task_.shard.n_problem());
  const std::int64_t n_part = (fullest + rows_per_micro_batch_ - 1) / rows_per_micro_batch_;
  calls_.begin(set_.usable());
  for (std::int64_t k = 0; k < n_micro_batch_; ++k) {
    micro_batch_rows_.resize(task_.shard.micro_batch_size(k));
    std::iota(micro_batch_rows_.begin(), micro_batch_rows_.end(), k * task_.shard.micro_batch());
    if (n_part > 1) {
      RandomStream stream(stream_seed(task_.seed, "mini_batch " + std::to_string(update / n_part),
                                      task_.name, task_.shard.first_micro_batch() + k));
      for (std::size_t j = micro_batch_rows_.size(); j > 1; --j)
        std::swap(micro_batch_rows_[j - 1], micro_batch_rows_[stream.below(j)]);
    }
    const std::int64_t n = std::ssize(micro_batch_rows_);
    const std::int64_t begin = std::min(n, update % n_part * rows_per_micro_batch_);
    calls_.add(std::span(micro_batch_rows_)
                   .subspan(static_cast<std::size_t>(begin),
                            static_cast<std::size_t>(std::min(n - begin, rows_per_micro_batch_))));
  }
}

void JointGradient::predict(const Batch& observation, const Batch& context, bool keeps_graphs) {
  const auto scope = task_.timer.scope(Phase::network);
  m_.set_n_problem(static_cast<std::int64_t>(rows().size()));
  for (std::size_t k = 0; k < calls_.n_call(); ++k)
    calls_.predict(network_, k, keeps_graphs ? static_cast<std::int64_t>(k) : kNoGraph, observation,
                   context, m_);
}

JointGradient::Scale JointGradient::agree_on_scale(JointSum& sum) {
  // Rows that are not ok are zero.
  const double largest_gradient = gradients_.largest(evaluation_.gradient);
  double largest_loss = 0.0;
  for (std::size_t k = 0; k < rows().size(); ++k)
    if (is_ok(evaluation_.outcome[k]))
      largest_loss = std::max(largest_loss, std::abs(evaluation_.loss[k]));
  // The hash of the weights is reduced with both signs: it is the same on all ranks if
  // max(hash) = -max(-hash).
  const double hash = hash_number(network_.weight_mark());
  std::array<double, 5> agreed = {largest_gradient, largest_loss, hash, -hash,
                                  seconds_since(start_)};
  {
    const auto scope = task_.timer.scope(Phase::wait);
    reduce_max(agreed, task_.comm);
  }
  if (agreed[2] != -agreed[3])
    throw std::runtime_error(
        "the network weights differ between ranks: a processor, library or compiler differs "
        "between nodes");
  sum.seconds = agreed[4];
  return {binary_exponent(agreed[0]), binary_exponent(agreed[1])};
}

void JointGradient::add_gradients(int exponent) {
  const auto scope = task_.timer.scope(Phase::network);
  gradients_.multiply(power_of_two(-exponent), evaluation_.gradient);
  for (std::int64_t k = 0; k < n_micro_batch_; ++k) {
    network_.backward(k, evaluation_.gradient, calls_.first(static_cast<std::size_t>(k)),
                      micro_gradient_);
    sum_.add(micro_gradient_);
  }
  // The work is timed in this phase.
  if (micro_gradient_.space() == MemorySpace::device) finish_device_work();
}

void JointGradient::add_losses(int exponent) {
  const double factor = power_of_two(-exponent);
  for (std::size_t k = 0; k < rows().size(); ++k) {
    if (!is_ok(evaluation_.outcome[k])) {
      sum_.count(kFailed, 1);
      continue;
    }
    sum_.add_scalar(kLoss, evaluation_.loss[k] * factor);
    sum_.count(kCounted, 1);
  }
  sum_.count(kClipped, n_clipped_);
  sum_.count(kSave, request_.save ? 1 : 0);
  sum_.count(kStop, request_.stop ? 1 : 0);
}

void JointGradient::collect(const Scale& scale, JointSum& sum) {
  FlatSum::Seconds seconds;
  {
    const auto scope = task_.timer.scope(Phase::reduce);
    sum_.reduce(task_.sums.transport, seconds);
  }
  task_.timer.move(Phase::reduce, Phase::wait, seconds.wait);
  sum.n_counted = sum_.counted(kCounted);
  sum.n_failed = sum_.counted(kFailed);
  sum.n_clipped = sum_.counted(kClipped);
  sum.request = {sum_.counted(kSave) > 0, sum_.counted(kStop) > 0};
  sum.usable = sum.n_counted > 0 && sum_.n_refused() == 0;
  const auto n = static_cast<double>(std::max<std::int64_t>(sum.n_counted, 1));
  sum.loss_mean = sum.usable ? sum_.scalar(kLoss) * power_of_two(scale.loss) / n
                             : std::numeric_limits<double>::quiet_NaN();
  const double factor = power_of_two(scale.gradient);
  double square = 0.0;
  for (std::size_t k = 0; k < gradient_.size(); ++k) {
    gradient_[k] = sum_.values()[k] * factor / n;
    square += gradient_[k] * gradient_[k];
  }
  sum.gradient_norm = std::sqrt(square);
}

double JointGradient::alignment() {
  predict(set_.observation(), set_.context(), true);
  const auto& scale = task_.objective.shape().parameters.scale;
  double largest = 0.0;
  {
    const auto m = m_.read();
    const auto truth = task_.truth.read();
    const auto g = evaluation_.gradient.write();
    for (std::size_t k = 0; k < rows().size(); ++k) {
      const auto slot = static_cast<std::int64_t>(k);
      for (std::size_t j = 0; j < scale.size(); ++j) {
        const double error = (m.row(slot)[j] - truth.row(rows()[k])[j]) / scale[j];
        const bool is_known = std::isfinite(error);
        g.row(slot)[j] = is_ok(evaluation_.outcome[k]) && is_known ? error / scale[j] : 0.0;
        if (is_known) largest = std::max(largest, std::abs(error));
      }
    }
  }
  reduce_max({&largest, 1}, task_.comm);
  sum_.clear();
  add_gradients(binary_exponent(largest));
  FlatSum::Seconds seconds;
  sum_.reduce(task_.sums.transport, seconds);
  const auto to_truth = sum_.values();
  const double square = dot(to_truth, to_truth) * dot(gradient_, gradient_);
  return square > 0.0 ? dot(to_truth, gradient_) / std::sqrt(square) : History::Entry::kNone;
}

GradientSamples JointGradient::sample_gradients(std::int64_t update, std::int64_t n) {
  if (n == 0) return {};
  const auto scope = task_.timer.scope(Phase::network);
  RandomStream stream(stream_seed(task_.seed, "gradient samples", task_.name, update));
  std::vector<std::int64_t> ids;
  for (std::int64_t k = 0; k < n; ++k)
    ids.push_back(static_cast<std::int64_t>(
        stream.below(static_cast<std::uint64_t>(task_.shard.n_problem()))));
  // Sorted ids are sorted by rank, too: the gathered order is the same on any number of ranks.
  std::ranges::sort(ids);
  std::vector<double> samples;
  for (const std::int64_t id : ids) sample_gradient(id, samples);
  samples = gather_rows(samples, task_.comm);
  GradientSamples result{0.0, 0.0};
  double square = 0.0;
  const std::size_t n_pair = samples.size() / 2;
  const auto n_sample = static_cast<double>(n_pair);
  for (std::size_t k = 0; k < samples.size(); k += 2) {
    result.cosine += samples[k] / n_sample;
    square += samples[k + 1] / n_sample;
  }
  const double joint = dot(gradient_, gradient_);
  result.signal_to_noise = joint / std::max(square - joint, 1e-300);
  return samples.empty() ? GradientSamples{} : result;
}

// Appends the cosine with the joint gradient and the squared norm of one problem's weight gradient,
// if the problem belongs to this rank and counted. Its micro-batch is predicted again, and only the
// gradient of that row is propagated back.
void JointGradient::sample_gradient(std::int64_t id, std::vector<double>& samples) {
  const auto found = std::ranges::find(calls_.rows(), id - task_.shard.first_problem());
  if (found == calls_.rows().end()) return;
  const std::int64_t k = found - calls_.rows().begin();
  if (!is_ok(evaluation_.outcome[k])) return;
  const std::size_t call = calls_.call_of(k);
  calls_.predict(network_, call, 0, set_.observation(), set_.context(), m_);
  single_gradient_.set_n_problem(static_cast<std::int64_t>(rows().size()));
  single_gradient_.fill(0.0);
  std::ranges::copy(evaluation_.gradient.read().row(k), single_gradient_.write().row(k).begin());
  network_.backward(0, single_gradient_, calls_.first(call), micro_gradient_);
  const std::vector<double> gradient = micro_gradient_.read();
  const double square = dot(gradient, gradient);
  const double factor = power_of_two(exponent_);
  samples.push_back(dot(gradient, gradient_) /
                    std::sqrt(std::max(square * dot(gradient_, gradient_), 1e-300)));
  samples.push_back(square * factor * factor);
}

}  // namespace jpo
