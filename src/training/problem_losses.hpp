#pragma once
#include <string>
#include <vector>

#include "training/problem_gradients.hpp"
#include "training/training_set.hpp"

namespace jpo {

/// Keys of the training loss. It is a function of the misfit; answers are compared by the misfit.
struct TrainingLossSettings {
  std::string loss = "squared";
  double huber_scales = 1.0;
  double log_epsilon = 1e-3;
  double exploration = 0.0;
  void describe(KeyTable& table);
};

/// Training set of the joint method: the problems themselves, evaluated with the forward model.
/// Training losses:
///   squared     L, the misfit itself
///   huber       residuals above huber_scales residual scales enter linearly
///   log         log(L + log_epsilon L_ref): relative changes of small and of large misfits have
///               the same weight
///   normalized  L divided by the problem's misfit at its first evaluation
class ProblemLosses : public TrainingSet {
 public:
  /// The noise of `exploration` decreases to zero over `n_update` updates.
  ProblemLosses(const Task& task, const TrainingLossSettings& settings, std::int64_t n_update);

  const Batch& observation() const override { return task_.objective.problems().observation; }
  const Batch& context() const override { return task_.objective.problems().context; }
  std::span<const std::int64_t> usable() const override { return task_.usable; }
  void evaluate(std::int64_t update, std::span<const std::int64_t> rows, Batch& m,
                MethodResult& result, Evaluation& evaluation) override;
  void archive(StateArchive& archive, const std::string& name) override {
    archive.by_problem(name + "/first_loss", first_loss_);
  }
  double clip_unit() const override;

 private:
  void explore(std::int64_t update, std::span<const std::int64_t> rows, Batch& m) const;
  double slope(std::int64_t row, double loss);

  const Task& task_;
  TrainingLossSettings settings_;
  std::int64_t n_update_;
  /// First misfit of each local row, at least 1e-6 L_ref; 0: none yet.
  std::vector<double> first_loss_;
  /// d(training loss)/dL of the rows of an update.
  std::vector<double> slopes_;
  ProblemGradients gradients_;
};

}  // namespace jpo
