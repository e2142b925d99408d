#pragma once
// Gradient of the mean loss over a training set with respect to the shared weights:
// predict -> evaluate -> backward -> one flat exact all-reduce.

#include <cstdint>
#include <span>
#include <vector>

#include "solving/task.hpp"
#include "training/network_calls.hpp"
#include "training/problem_gradients.hpp"
#include "training/training_set.hpp"

namespace jpo {

/// What one evaluation of the joint loss gives; the same bits on every rank and at any rank count.
struct JointSum {
  double loss_mean = 0.0;      ///< over the problems that counted
  double gradient_norm = 0.0;  ///< of the mean loss, before any clipping over weights
  std::int64_t n_counted = 0;
  std::int64_t n_failed = 0;
  std::int64_t n_clipped = 0;  ///< problems whose gradient was clipped
  Wish wish;                   ///< of any rank
  bool usable = false;         ///< false: nothing counted, or an entry was out of range
  double seconds = 0.0;        ///< the largest of the ranks' clocks since construction
};

/// How well the joint gradient speaks for single problems; NaN where nothing was sampled.
struct GradientSamples {
  double cosine = History::Entry::kNone;
  double signal_to_noise = History::Entry::kNone;
};

class JointGradient {
 public:
  /// `rows_per_micro_batch` of every micro-batch take part in an evaluation; all of them where it
  /// is the micro-batch size. The network's micro_batch must equal it.
  JointGradient(const Task& task, Network& network, TrainingSet& set,
                std::int64_t rows_per_micro_batch);

  /// Loss and gradient at the network's weights, over the rows that `update` draws.
  /// A row of g whose norm in units of the parameters' scale is above `problem_clip` is shortened
  /// to it (0: never). `result` keeps the best answers and counts. Collective on task.comm: nothing
  /// throws between predict and all-reduce.
  /// `wish` travels with the sums: any rank's is everybody's.
  JointSum evaluate(std::int64_t update, double problem_clip, MethodResult& result, Wish wish = {});

  /// d(mean loss)/d(theta) of the last evaluate [n_weight].
  std::span<const double> gradient() const { return gradient_; }

  /// Weight gradients of `n` problems of the last evaluate, drawn by (seed, update), each against
  /// the mean one; at the same weights, before a step. Collective on task.comm.
  GradientSamples sample_gradients(std::int64_t update, std::int64_t n);

  /// Cosine between the mean gradient of the last evaluate and the weight gradient that pulls the
  /// same answers to the truth, of 0.5 |(m - truth) / scale|^2: how well the misfit knows the way
  /// to the solution. At the same weights; after sample_gradients. Collective on task.comm.
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
  struct Scale {
    int gradient;  ///< exponents of two
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
  NetworkCalls calls_;                          ///< of this update
  std::vector<std::int64_t> micro_batch_rows_;  ///< of one micro-batch, usable or not
  RowList rows_;                                ///< rows(), where the network works
  Batch m_;
  Evaluation evaluation_;
  ProblemGradients gradients_;
  Batch pull_;                         ///< one problem's g, zero elsewhere
  int exponent_ = 0;                   ///< of two, of the scaled g in evaluation_
  SpaceArray<double> micro_gradient_;  ///< [n_weight], where the network works
  std::vector<double> gradient_;       ///< [n_weight]
  FlatSum sum_;
  std::int64_t n_clipped_ = 0;
  Wish wish_;
  PhaseTimer::Clock::time_point start_ = PhaseTimer::Clock::now();
};

}  // namespace jpo
