// The other way to train the network: on fresh draws from the prior whose parameters are known, not
// on the problems to be solved. Each update simulates as many draws as there are problems and fits
//   0.5 sum ((N_theta(y, c) - m) / scale)^2,
// so it costs half a gradient evaluation a problem. The answers to the problems are predictions.

#include "core/errors.hpp"
#include "core/random.hpp"
#include "data/problem_set.hpp"
#include "methods/parameter_fit.hpp"
#include "methods/training.hpp"

namespace jpo {
namespace {

struct SupervisedSettings : TrainingSettings {
  void check() const override {
    if (mini_batch > 0)
      throw BadInput("key 'mini_batch': supervised draws whole batches; allowed: 0");
  }
};

class FreshDraws : public TrainingSet {
 public:
  explicit FreshDraws(const Task& task) : task_(task) { settings_.noise = task.noise; }

  void begin(std::int64_t update) override {
    const auto scope = task_.timer.scope(Phase::forward);
    draws_ = generate_problems(settings_, stream_seed(task_.seed, "draws", task_.name, update),
                               task_.shard, task_.objective.solve_batch(), task_.objective.model());
  }
  const Batch& observation() const override { return draws_.observation; }
  const Batch& context() const override { return draws_.context; }
  std::span<const std::int64_t> usable() const override { return draws_.usable; }

  void evaluate(std::int64_t /*update*/, std::span<const std::int64_t> rows, Batch& m,
                MethodResult& result, Evaluation& evaluation) override {
    fit_parameters(task_.objective.shape().parameters, rows, m, draws_.truth, evaluation);
    for (const std::int64_t row : rows) result.ledger.forward[static_cast<std::size_t>(row)] += 1.0;
  }
  double evaluation_cost() const override { return 0.5; }

 private:
  const Task& task_;
  DataSettings settings_;
  ProblemSet draws_;
};

}  // namespace

MethodKind supervised_kind() {
  MethodKind kind{"supervised",
                  "the network fitted to fresh draws from the prior; answers are predictions",
                  [] { return std::make_unique<SupervisedSettings>(); },
                  [](const Settings& settings, const Task& task) {
                    FreshDraws draws(task);
                    return train(dynamic_cast<const SupervisedSettings&>(settings), task, draws);
                  }};
  kind.trains_network = true;
  kind.check_inputs = check_training;
  return kind;
}

}  // namespace jpo
