// The paper's method (arXiv 2408.08119): theta* = argmin sum_i L(F(N_theta(y_i, c_i) | c_i), y_i).
// One network maps every observation to its parameters. Its weights are trained through the true
// simulator on exactly the problems to be solved; training.cpp has the loop. The answer to a
// problem is the best m during the training.

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

class Joint final : public Training {
 public:
  using Settings = JointSettings;
  Joint(const Settings& settings, const Task& task)
      : Training(settings, task,
                 std::make_unique<ProblemLosses>(task, settings.training_loss, settings.updates)) {
    start_at_own_starts();
  }
};

const RegisterMethod<Joint> registered{
    "joint", "one network trained through the simulator on all problems (JPO of the paper)"};

}  // namespace
}  // namespace jpo
