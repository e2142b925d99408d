// The classical baseline for joint methods with the same budget: TAO from many seeded starts, round
// by round (rounds.cpp), until the budget is spent. Start 0 is the centre of the box. The other
// starts are drawn from the box, or from a normal distribution if a parameter is unbounded.

#include "methods/method.hpp"
#include "solving/per_problem/rounds.hpp"
#include "solving/per_problem/starts.hpp"

namespace jpo {
namespace {

class BlindStarts final : public Proposal {
 public:
  explicit BlindStarts(const ParameterSpace& space) : space_(space) {}
  void draw_start(const StartRequest& /*request*/, RandomStream& stream,
                  std::span<double> m) const override {
    draw_from_box(stream, space_, m);
  }

 private:
  const ParameterSpace& space_;
};

class MultiStart final : public Rounds {
 public:
  using Settings = RoundsSettings;
  MultiStart(const Settings& settings, const Task& task)
      : Rounds(settings, task, std::make_unique<BlindStarts>(task.objective.shape().parameters)) {}
};

const RegisterMethod<MultiStart> registered{
    "multi_start", "TAO from many starts per problem, up to a budget; baseline for joint methods"};

}  // namespace
}  // namespace jpo
