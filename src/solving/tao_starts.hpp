#pragma once
// One TAO solve a problem from one or several starts: what the methods "tao" and "refine" share.

#include <cstdint>
#include <limits>
#include <vector>

#include "solving/tao_solve.hpp"
#include "solving/task.hpp"

namespace jpo {

struct TaoSettings : TaoSolverSettings {
  std::int64_t max_evaluations = 100;
  void describe(KeyTable& table) override;
};

/// Every problem has a solver of its own, advanced in lockstep so that one batched model call
/// serves all live problems of the rank. `starts`: batches of one row a local problem, tried in
/// this order until the misfit is at or below `enough`. Collective on task.comm.
MethodResult solve_from(const TaoSettings& settings, const Task& task,
                        const std::vector<const Batch*>& starts, double enough);
constexpr double kNeverEnough = -std::numeric_limits<double>::infinity();

/// MethodKind::live_answers of TaoSettings.
LiveAnswers live_answers_of_tao(const Settings& settings);

}  // namespace jpo
