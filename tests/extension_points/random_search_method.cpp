// A method in one file that evaluates the misfit without gradients at random points of the box. The
// best point of each problem is its answer. A step is one draw for every problem. The number of
// draws is the whole state, because random numbers are counter-based.

#include "methods/method.hpp"

namespace jpo {
namespace {

struct RandomSearchSettings : Settings {
  std::int64_t draws = 100;
  void describe(KeyTable& table) override {
    table.add("draws", &draws,
              {.doc = "points of the box per problem; each costs half a gradient evaluation",
               .min = 1,
               .max = 10000000});
  }
};

class RandomSearch final : public Method {
 public:
  using Settings = RandomSearchSettings;

  RandomSearch(const Settings& settings, const Task& task)
      : settings_(settings),
        task_(task),
        points_(std::ssize(task.usable), task.objective.shape().parameters.size()),
        evaluation_(points_.capacity(), points_.n_component()) {}

  void step(SafePoint& /*safe_point*/) override {
    const auto scope = task_.timer.scope(Phase::solver);
    {
      const auto m = points_.write();
      for (std::size_t k = 0; k < task_.usable.size(); ++k) {
        RandomStream stream = task_.stream("draw", n_draw_, task_.usable[k]);
        task_.objective.sample_parameters(task_.usable[k], stream, m.row(k));
      }
    }
    task_.objective.evaluate_loss(task_.usable, points_, task_.result.ledger, evaluation_);
    task_.result.record(task_.usable, points_, evaluation_);
    ++n_draw_;
  }
  bool is_done() const override { return n_draw_ == settings_.draws; }

  void archive(StateArchive& archive) override { archive.shared("n_draw", n_draw_); }
  StepReport report() const override {
    return {.n_done = n_draw_, .n_total = settings_.draws, .unit = "draws"};
  }

 private:
  const Settings& settings_;
  const Task& task_;
  std::int64_t n_draw_ = 0;
  /// One row per usable problem.
  Batch points_;
  Evaluation evaluation_;
};

const RegisterMethod<RandomSearch> registered{"random_search",
                                              "the best of random points of the box; no gradients"};

}  // namespace
}  // namespace jpo
