#pragma once
// Gradient of the mean loss over a training set with respect to the shared weights:
// predict -> evaluate -> backward -> one flat exact all-reduce.

#include <cstdint>
#include <span>
#include <vector>

#include "solving/interruptions.hpp"
#include "solving/task.hpp"
#include "training/network_calls.hpp"
#include "training/problem_gradients.hpp"
#include "training/training_set.hpp"

namespace jpo {

/// Result of one evaluation of the joint loss; the same bits on every rank and for any number of
/// ranks.
struct JointSum {
  /// Mean loss of the problems with outcome ok; NaN if not usable.
  double loss_mean = 0.0;
  /// Norm of the gradient of the mean loss, before the weight gradient is clipped.
  double gradient_norm = 0.0;
  /// Problems with outcome ok.
  std::int64_t n_counted = 0;
  /// Problems with another outcome.
  std::int64_t n_failed = 0;
  /// Problems whose gradient was clipped.
  std::int64_t n_clipped = 0;
  /// Checkpoint and stop requests of all ranks, combined.
  Request request;
  /// False if no problem counted, or if an entry of the sum was out of range or not finite.
  bool usable = false;
  /// Time since construction, the maximum over the ranks [s].
  double seconds = 0.0;
};

/// Agreement between the joint gradient G and the gradients g of sampled problems; NaN without
/// samples.
struct GradientSamples {
  /// Mean of the cosines between G and g.
  double cosine = History::Entry::kNone;
  /// |G|^2 / (mean of |g|^2 - |G|^2).
  double signal_to_noise = History::Entry::kNone;
};

class JointGradient {
 public:
  /// An evaluation uses `rows_per_micro_batch` rows of every micro-batch: all rows if this is the
  /// micro-batch size. The network's micro_batch must equal it.
  JointGradient(const Task& task, Network& network, TrainingSet& set,
                std::int64_t rows_per_micro_batch);

  /// Computes loss and gradient at the network's weights, over the rows that are drawn for
  /// `update`. A row of g whose norm in units of the parameters' scale is above `problem_clip` is
  /// shortened to that norm (0: no clipping). `result` keeps the best answers and counts the
  /// solves. Collective on task.comm. The requests of all ranks are combined in the same
  /// all-reduce. Throws std::runtime_error, on all ranks, if the weights differ between ranks.
  JointSum evaluate(std::int64_t update, double problem_clip, MethodResult& result,
                    Request request = {});

  /// Returns d(mean loss)/d(theta) of the last evaluate [n_weight].
  std::span<const double> gradient() const { return gradient_; }

  /// Compares the weight gradients of `n` problems, drawn by (seed, update), with the mean gradient
  /// of the last evaluate. Problems that did not count in it are left out. Call it before the
  /// weights change. Collective on task.comm.
  GradientSamples sample_gradients(std::int64_t update, std::int64_t n);

  /// Returns the cosine between the mean gradient of the last evaluate and the weight gradient of
  /// 0.5 |(m - truth) / scale|^2 for the same answers. It measures whether a descent of the misfit
  /// leads to the truth. Call it before the weights change, and after sample_gradients: it
  /// overwrites the problems' gradients. Collective on task.comm.
  double alignment();

  /// Writes the network's answers to all usable problems, at the current weights, to their rows of
  /// `m` [n_local_problem, n_parameter]. Other rows are unchanged. Not collective.
  void predict_answers(Batch& m);

  /// Evaluates the misfit of the network's answers to all usable problems at the current weights,
  /// without adjoint solves, and records it in `result`. Not collective.
  void evaluate_answers(MethodResult& result);

 private:
  std::span<const std::int64_t> rows() const { return calls_.rows(); }
  void choose_rows(std::int64_t update);
  void predict(const Batch& observation, const Batch& context, bool keeps_graphs);
  void sample_gradient(std::int64_t id, std::vector<double>& samples);
  /// Exponents of the powers of two by which gradients and losses are divided in the sums.
  struct Scale {
    int gradient;
    int loss;
  };
  Scale agree_on_scale(JointSum& sum);
  void add_gradients(int exponent);
  void add_losses(int exponent);
  void collect(const Scale& scale, JointSum& sum);

  const Task& task_;
  Network& network_;
  TrainingSet& set_;
  std::int64_t rows_per_micro_batch_;
  std::int64_t n_micro_batch_;
  /// Network calls of this update.
  NetworkCalls calls_;
  /// Rows of one micro-batch, usable or not.
  std::vector<std::int64_t> micro_batch_rows_;
  /// Local rows of predicted answers, in the memory of the network.
  RowList rows_;
  Batch m_;
  Evaluation evaluation_;
  ProblemGradients gradients_;
  /// The g of one problem, zero in the other rows.
  Batch single_gradient_;
  /// evaluation_.gradient is stored divided by 2^exponent_.
  int exponent_ = 0;
  /// [n_weight], in the memory of the network.
  SpaceArray<double> micro_gradient_;
  /// [n_weight]
  std::vector<double> gradient_;
  FlatSum sum_;
  std::int64_t n_clipped_ = 0;
  Request request_;
  PhaseTimer::Clock::time_point start_ = PhaseTimer::Clock::now();
};

}  // namespace jpo
