// Per-problem TAO from the centre of the box.

#include "methods/method.hpp"
#include "solving/tao_starts.hpp"

namespace jpo {
namespace {

MethodResult solve_tao(const Settings& settings, const Task& task) {
  // The centre of the box is what a fresh result holds.
  const MethodResult centre(task.objective.n_problem(), task.objective.shape().parameters);
  return solve_from(dynamic_cast<const TaoSettings&>(settings), task, {&centre.parameters},
                    kNeverEnough);
}

}  // namespace

MethodKind tao_kind() {
  MethodKind kind{"tao", "one TAO solve a problem, from the centre of the box",
                  [] { return std::make_unique<TaoSettings>(); }, solve_tao, refused_options};
  kind.live_answers = live_answers_of_tao;
  return kind;
}

}  // namespace jpo
