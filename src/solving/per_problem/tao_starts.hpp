#pragma once
// TAO solves of each problem from one or several starts, for the methods "tao" and "refine".

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "solving/method.hpp"
#include "solving/method_traits.hpp"
#include "solving/per_problem/tao_solve.hpp"
#include "solving/task.hpp"

namespace jpo {

struct TaoSettings : TaoSolverSettings {
  std::int64_t max_evaluations = 100;
  void describe(KeyTable& table) override;
};

/// Each problem has its own TAO solver. The solvers advance in lockstep, so that one batched model
/// call evaluates all live problems of the rank. One step is the whole solve.
class TaoStarts : public Method {
 public:
  /// Value of `solved_level` that disables the early stop.
  static constexpr double kNoLevel = -std::numeric_limits<double>::infinity();
  static MethodTraits traits(const TaoSettings& settings) {
    return {.recorded = {settings.concurrent_solves, settings.max_evaluations}};
  }

  void step(SafePoint& safe_point) override;
  bool is_done() const override { return is_done_; }
  void archive(StateArchive& archive) override { lockstep_.archive(archive, "solves"); }
  StepReport report() const override;

 protected:
  /// Solves from the starts one after the other until the misfit is at or below `solved_level`.
  TaoStarts(const TaoSettings& settings, const Task& task, double solved_level);
  /// Adds a start of each local problem; the batch must outlive this object.
  void add_start(const Batch& start) { starts_.push_back(&start); }

 private:
  const TaoSettings& settings_;
  const Task& task_;
  double solved_level_;
  std::string prefix_;
  std::vector<const Batch*> starts_;
  Lockstep lockstep_;
  bool is_done_ = false;
};

}  // namespace jpo
