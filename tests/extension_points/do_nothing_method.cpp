// A method in one file. It only counts its steps, so its answers are the centre of the box.

#include "methods/method.hpp"

namespace jpo {
namespace {

struct DoNothingSettings : Settings {
  std::int64_t steps = 3;
  void describe(KeyTable& table) override {
    table.add("steps", &steps, {.doc = "steps without work", .min = 1});
  }
};

class DoNothing final : public Method {
 public:
  using Settings = DoNothingSettings;
  DoNothing(const Settings& settings, const Task& /*task*/) : settings_(settings) {}

  void step(SafePoint& /*safe_point*/) override { ++n_step_; }
  bool is_done() const override { return n_step_ == settings_.steps; }
  void archive(StateArchive& archive) override { archive.shared("n_step", n_step_); }
  StepReport report() const override {
    return {.n_done = n_step_, .n_total = settings_.steps, .unit = "steps"};
  }

 private:
  const Settings& settings_;
  std::int64_t n_step_ = 0;
};

const RegisterMethod<DoNothing> registered{"do_nothing", "answers are the centre of the box"};

}  // namespace
}  // namespace jpo
