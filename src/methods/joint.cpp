// The paper's method (arXiv 2408.08119): theta* = argmin sum_i L(F(N_theta(y_i, c_i) | c_i), y_i).
// One network maps every observation to its parameters; its weights are trained through the true
// simulator on exactly the problems to be solved (training.cpp is the loop). The answer is the best
// m that each problem has seen on the way.

#include "methods/method.hpp"
#include "training/problem_losses.hpp"
#include "training/training.hpp"

namespace jpo {
namespace {

struct JointSettings : TrainingSettings {
  TrainingLossSettings training_loss;
  void describe(KeyTable& table) override {
    TrainingSettings::describe(table);
    training_loss.describe(table);
  }
};

}  // namespace

MethodKind joint_kind() {
  MethodKind kind{"joint",
                  "one network trained through the simulator on all problems (the paper's JPO)",
                  [] { return std::make_unique<JointSettings>(); },
                  [](const Settings& any, const Task& task) {
                    const auto& settings = dynamic_cast<const JointSettings&>(any);
                    TrainingLossSettings loss = settings.training_loss;
                    loss.updates = settings.updates;
                    ProblemLosses losses(task, loss);
                    return train(settings, task, losses);
                  }};
  kind.trains_network = true;
  kind.check_inputs = check_training;
  return kind;
}

}  // namespace jpo
