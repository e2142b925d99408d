// Supervised training of the network: on draws from the prior, whose parameters are known, not on
// the problems to be solved. Each update simulates one draw per problem and minimizes
//   0.5 sum ((N_theta(y, c) - m) / scale)^2,
// which costs half a gradient evaluation per problem, or nothing if a set of draws is used again.
// The answers to the problems are predictions.

#include <vector>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "data/problem_set.hpp"
#include "methods/method.hpp"
#include "training/parameter_fit.hpp"
#include "training/training.hpp"

namespace jpo {
namespace {

struct SupervisedSettings : TrainingSettings {
  std::int64_t draws = 0;

  void describe(KeyTable& table) override {
    table.add("draws", &draws,
              {.doc = "number of sets of draws from the prior, which updates use in turn; each set "
                      "has one draw per problem; 0: every update simulates a new set",
               .min = 0,
               .max = 4096});
    TrainingSettings::describe(table);
  }
  void check() const override {
    if (mini_batch > 0)
      throw BadInput("key 'mini_batch': the method supervised uses whole batches; allowed: 0");
  }
};

class FreshDraws final : public TrainingSet {
 public:
  FreshDraws(const Task& task, std::int64_t n_set) : task_(task), n_set_(n_set) {
    settings_.noise = task.noise;
  }

  // A resumed training simulates its sets again; the ledger does not count them twice.
  void begin(std::int64_t update) override {
    is_fresh_ = n_set_ == 0 || update < n_set_;
    if (n_set_ == 0) sets_.clear();
    const std::int64_t last = n_set_ == 0 ? 0 : update % n_set_;
    while (std::ssize(sets_) <= last) simulate(n_set_ == 0 ? update : std::ssize(sets_));
    current_ = &sets_[last];
  }
  const Batch& observation() const override { return current_->observation; }
  const Batch& context() const override { return current_->context; }
  std::span<const std::int64_t> usable() const override { return current_->usable; }

  void evaluate(std::int64_t /*update*/, std::span<const std::int64_t> rows, Batch& m,
                MethodResult& result, Evaluation& evaluation) override {
    fit_parameters(task_.objective.shape().parameters, rows, m, current_->truth, evaluation);
    if (!is_fresh_) return;
    for (const std::int64_t row : rows) result.ledger.forward[row] += 1.0;
  }
  double evaluation_cost() const override { return is_fresh_ ? 0.5 : 0.0; }

 private:
  void simulate(std::int64_t set) {
    const auto scope = task_.timer.scope(Phase::forward);
    sets_.push_back(generate_problems(settings_, stream_seed(task_.seed, "draws", task_.name, set),
                                      task_.shard, task_.objective.solve_batch(),
                                      task_.objective.model()));
  }

  const Task& task_;
  DataSettings settings_;
  std::int64_t n_set_;
  std::vector<ProblemSet> sets_;
  /// Set of the current update.
  const ProblemSet* current_ = nullptr;
  /// True if this update is the first with its set.
  bool is_fresh_ = true;
};

class Supervised final : public Training {
 public:
  using Settings = SupervisedSettings;
  static MethodTraits traits(const Settings& settings) {
    MethodTraits traits = Training::traits(settings);
    traits.n_kept_pair = settings.draws;
    traits.keeps_pairs_with_model = true;
    return traits;
  }
  Supervised(const Settings& settings, const Task& task)
      : Training(settings, task, std::make_unique<FreshDraws>(task, settings.draws)) {}
};

const RegisterMethod<Supervised> registered{
    "supervised", "the network trained on simulated draws from the prior; answers are predictions"};

}  // namespace
}  // namespace jpo
