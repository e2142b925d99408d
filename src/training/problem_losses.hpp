#pragma once
#include <string>
#include <vector>

#include "training/problem_gradients.hpp"
#include "training/training_set.hpp"

namespace jpo {

/// How training changes the misfit's pull; answers are judged by the misfit alone.
struct TrainingLossSettings {
  std::string loss = "squared";  ///< squared | huber | log | normalized
  double huber_scales = 1.0;
  double log_epsilon = 1e-3;
  double exploration = 0.0;
  std::int64_t updates = 1;  ///< over which exploration fades out
  void describe(KeyTable& table);
};

/// The problems themselves, through the true simulator: the joint method's training set.
///   squared     L, the misfit as it is
///   huber       residuals beyond huber_scales residual scales pull no harder
///   log         log(L + epsilon L_ref): small misfits pull as hard as large ones
///   normalized  L over the problem's misfit at its first evaluation
class ProblemLosses : public TrainingSet {
 public:
  ProblemLosses(const Task& task, const TrainingLossSettings& settings);

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
  double pull(std::int64_t row, double loss);

  const Task& task_;
  TrainingLossSettings settings_;
  std::vector<double> first_loss_;  ///< by local row; 0: none yet
  std::vector<double> pulls_;       ///< of the rows of an update
  ProblemGradients gradients_;
};

}  // namespace jpo
