// The classical baseline for joint methods with the same budget: TAO from many seeded starts, round
// by round (rounds.cpp), until the budget is spent. Start 0 is the problem's start. The other
// starts are drawn from the model's prior.

#include "methods/method.hpp"
#include "solving/per_problem/rounds.hpp"

namespace jpo {
namespace {

class BlindStarts final : public Proposal {
 public:
  explicit BlindStarts(const Objective& objective) : objective_(objective) {}
  void draw_start(const StartRequest& request, RandomStream& stream,
                  std::span<double> m) const override {
    objective_.sample_parameters(request.row, stream, m);
  }

 private:
  const Objective& objective_;
};

class MultiStart final : public Rounds {
 public:
  using Settings = RoundsSettings;
  MultiStart(const Settings& settings, const Task& task)
      : Rounds(settings, task, std::make_unique<BlindStarts>(task.objective)) {}
};

const RegisterMethod<MultiStart> registered{
    "multi_start", "TAO from many starts per problem, up to a budget; baseline for joint methods"};

}  // namespace
}  // namespace jpo
