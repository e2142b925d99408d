// The fair classical rival of every joint method: TAO from many seeded starts, round by round
// (rounds.cpp), until the same budget is spent. Start 0 is the centre of the box, the others are
// draws from it (from a normal distribution where a parameter is unbounded).

#include "methods/method.hpp"
#include "solving/rounds.hpp"
#include "solving/starts.hpp"

namespace jpo {
namespace {

class BlindStarts : public Proposal {
 public:
  explicit BlindStarts(const ParameterSpace& space) : space_(space) {}
  void draw_start(const StartRequest& /*request*/, RandomStream& stream,
                  std::span<double> m) const override {
    draw_from_box(stream, space_, m);
  }

 private:
  const ParameterSpace& space_;
};

MethodResult solve(const Settings& settings, const Task& task) {
  BlindStarts starts(task.objective.shape().parameters);
  return solve_in_rounds(dynamic_cast<const RoundsSettings&>(settings), task, starts);
}

}  // namespace

MethodKind multi_start_kind() {
  MethodKind kind{
      "multi_start",
      "TAO from many starts a problem, up to a budget: the fair rival of a joint method",
      [] { return std::make_unique<RoundsSettings>(); }, solve, refused_options};
  kind.live_answers = live_answers_of_rounds;
  return kind;
}

}  // namespace jpo
