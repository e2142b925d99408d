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
  /// Over the problems that counted.
  double loss_mean = 0.0;
  /// Of the mean loss, before any clipping over weights.
  double gradient_norm = 0.0;
  std::int64_t n_counted = 0;
  std::int64_t n_failed = 0;
  /// Problems whose gradient was clipped.
  std::int64_t n_clipped = 0;
  /// Of any rank.
  Request request;
  /// False if nothing counted, or an entry was out of range.
  bool usable = false;
  /// The largest of the ranks' clocks since construction.
  double seconds = 0.0;
};

/// Agreement between the joint gradient and those of single problems; NaN without samples.
struct GradientSamples {
  double cosine = History::Entry::kNone;
  double signal_to_noise = History::Entry::kNone;
};

class JointGradient {
 public:
  /// `rows_per_micro_batch` rows of every micro-batch take part in an evaluation; all of them if it
  /// is the micro-batch size. The network's micro_batch must equal it.
  JointGradient(const Task& task, Network& network, TrainingSet& set,
                std::int64_t rows_per_micro_batch);

  /// Loss and gradient at the network's weights, over the rows that `update` draws.
  /// A row of g whose norm in units of the parameters' scale is above `problem_clip` is shortened
  /// to it (0: never). `result` keeps the best answers and counts. Collective on task.comm: nothing
  /// throws between predict and all-reduce. The requests of all ranks are combined in the same
  /// all-reduce.
  JointSum evaluate(std::int64_t update, double problem_clip, MethodResult& result,
                    Request request = {});

  /// d(mean loss)/d(theta) of the last evaluate [n_weight].
  std::span<const double> gradient() const { return gradient_; }

  /// Weight gradients of `n` problems of the last evaluate, drawn by (seed, update), each against
  /// the mean one; at the same weights, before a step. Collective on task.comm.
  GradientSamples sample_gradients(std::int64_t update, std::int64_t n);

  /// Cosine between the mean gradient of the last evaluate and the weight gradient of
  /// 0.5 |(m - truth) / scale|^2 for the same answers: the agreement between the descent of the
  /// misfit and the direction to the truth. At the same weights; after sample_gradients. Collective
  /// on task.comm.
  double alignment();

  /// The network's answers to all usable problems at the current weights: rows of `m` by local
  /// problem [n_local_problem, n_parameter]; other rows stay.
  void predict_answers(Batch& m);

  /// Loss only, of all usable problems at the current weights: no adjoint, no reduction.
  void evaluate_answers(MethodResult& result);

 private:
  std::span<const std::int64_t> rows() const { return calls_.rows(); }
  void choose_rows(std::int64_t update);
  void predict(const Batch& observation, const Batch& context, bool keeps_graphs);
  void sample_gradient(std::int64_t id, std::vector<double>& samples);
  /// Exponents of two.
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
  /// Of this update.
  NetworkCalls calls_;
  /// Rows of one micro-batch, usable or not.
  std::vector<std::int64_t> micro_batch_rows_;
  /// rows(), in the memory of the network.
  RowList rows_;
  Batch m_;
  Evaluation evaluation_;
  ProblemGradients gradients_;
  /// The g of one problem, zero in the other rows.
  Batch single_gradient_;
  /// Of two, of the scaled g in evaluation_.
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
