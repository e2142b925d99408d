// The fair classical rival of every joint method: TAO from many seeded starts, round by round
// (rounds.cpp), until the same budget is spent. Start 0 is the centre of the box, the others are
// draws from it (from a normal distribution where a parameter is unbounded).

#include <fmt/format.h>

#include "core/random.hpp"
#include "methods/rounds.hpp"
#include "methods/starts.hpp"

namespace jpo {
namespace {

MethodResult solve(const Settings& settings, const Task& task) {
  const auto draw = [&](std::int64_t round, std::span<const std::int64_t> active,
                        const MethodResult& /*best*/, Batch& starts) {
    const auto rows = starts.write();
    for (const std::int64_t row : active) {
      RandomStream stream(stream_seed(task.seed, fmt::format("start {}", round), task.name,
                                      task.shard.first_problem() + row));
      draw_from_box(stream, task.objective.shape().parameters, rows.row(row));
    }
  };
  return solve_in_rounds(dynamic_cast<const RoundsSettings&>(settings), task, draw);
}

}  // namespace

MethodKind multi_start_kind() {
  return {"multi_start",
          "TAO from many starts a problem, up to a budget: the fair rival of a joint method",
          [] { return std::make_unique<RoundsSettings>(); }, solve,
          [](const std::string& name, const Settings& settings, const ModelShape&) {
            return refused_options(dynamic_cast<const TaoSolverSettings&>(settings), name);
          }};
}

}  // namespace jpo
