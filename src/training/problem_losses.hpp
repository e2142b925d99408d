#pragma once
#include <string>
#include <vector>

#include "training/problem_gradients.hpp"
#include "training/training_set.hpp"

namespace jpo {

/// The loss of the training, a function of the misfit; answers are judged by the misfit alone.
struct TrainingLossSettings {
  std::string loss = "squared";
  double huber_scales = 1.0;
  double log_epsilon = 1e-3;
  double exploration = 0.0;
  void describe(KeyTable& table);
};

/// The problems themselves, through the true simulator: the joint method's training set.
///   squared     L, the misfit itself
///   huber       residuals beyond huber_scales residual scales enter linearly
///   log         log(L + epsilon L_ref): relative changes of small and large misfits count alike
///   normalized  L over the problem's misfit at its first evaluation
class ProblemLosses : public TrainingSet {
 public:
  /// Exploration fades out over `n_update` updates.
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
  /// By local row; 0: none yet.
  std::vector<double> first_loss_;
  /// d(training loss)/dL of the rows of an update.
  std::vector<double> slopes_;
  ProblemGradients gradients_;
};

}  // namespace jpo
