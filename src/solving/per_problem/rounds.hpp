#pragma once
// TAO solves of each problem, round by round, until a budget is spent. The methods multi_start and
// bank use it; they differ in the starts of a round.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "solving/method.hpp"
#include "solving/method_traits.hpp"
#include "solving/per_problem/tao_solve.hpp"
#include "solving/task.hpp"

namespace jpo {

struct RoundsSettings : TaoSolverSettings {
  double max_evaluations = 600.0;
  std::string budget_of;
  std::int64_t start_evaluations = 100;
  std::int64_t patience = 0;
  std::int64_t candidates = 1;
  bool rest = true;
  double rest_deviations = kRestDeviations;
  /// 0: no limit; -1: kMostOfBudget times the budget.
  std::int64_t most_evaluations = -1;
  void describe(KeyTable& table) override;
};

/// One start of one problem.
struct StartRequest {
  std::int64_t round = 0;
  /// Local row of the problem.
  std::int64_t row = 0;
  std::int64_t candidate = 0;
};

/// Proposes the starts of the solves of a round.
class Proposal {
 public:
  Proposal() = default;
  Proposal(const Proposal&) = delete;
  Proposal& operator=(const Proposal&) = delete;
  Proposal(Proposal&&) = delete;
  Proposal& operator=(Proposal&&) = delete;
  virtual ~Proposal() = default;

  /// Called before round 0. It may spend at most `max_evaluations` evaluations per problem, which
  /// it records in `result`. Returns false if round 0 starts at the problem's start. Collective.
  virtual bool prepare(MethodResult& /*result*/, double /*max_evaluations*/) { return false; }
  /// Called before the starts of a round, with the best answers so far and the active local rows,
  /// ascending. Collective.
  virtual void begin(std::int64_t /*round*/, std::span<const std::int64_t> /*active*/,
                     const MethodResult& /*best*/) {}
  /// Draws a start m of one problem, or one of several candidates for it. `stream` is that of this
  /// problem and round. Not collective.
  virtual void draw_start(const StartRequest& request, RandomStream& stream,
                          std::span<double> m) const = 0;
  /// Completes the result after the last round.
  virtual void answer(MethodResult& /*result*/) {}
  /// Writes or reads the state between rounds. Collective if the archive is.
  virtual void archive(StateArchive& /*archive*/, const std::string& /*name*/) {}
};

/// Rounds of TAO solves from the starts of a proposal; a step is a round. Round 0 starts at the
/// centre of the box unless Proposal::prepare returns true. The best answer of a problem is kept. A
/// problem is not solved again if its misfit is at the level of solved problems or most_evaluations
/// are spent; the other problems get its share of the budget. The ranks plan each round together,
/// so the bits do not depend on their number.
class Rounds : public Method {
 public:
  static MethodTraits traits(const RoundsSettings& settings) {
    return {.recorded = {settings.concurrent_solves, settings.start_evaluations}};
  }
  static std::string refusal(const std::string& name, const RoundsSettings& settings,
                             const ModelShape& /*shape*/) {
    return refused_options(name, settings);
  }

  /// Collective on task.comm.
  Rounds(const RoundsSettings& settings, const Task& task, std::unique_ptr<Proposal> proposal);

  void init() override;
  void step(SafePoint& safe_point) override;
  bool is_done() const override { return is_done_; }
  void answer() override { proposal_->answer(task_.result); }
  void archive(StateArchive& archive) override;
  StepReport report() const override;

 private:
  bool plan_round();
  void choose_active();
  void draw_starts();
  void take_lower(const Batch& candidates, const Evaluation& evaluation, bool is_first,
                  std::vector<double>& lowest);
  void solve_round(SafePoint& safe_point);
  std::int64_t count_solves() const;
  /// Evaluations after which a problem is not solved again.
  double most_evaluations() const;

  const RoundsSettings& settings_;
  const Task& task_;
  std::unique_ptr<Proposal> proposal_;
  const ParameterSpace& space_;
  std::string prefix_;
  double max_evaluations_;
  /// Budget of all problems in solves; a gradient evaluation is two solves.
  std::int64_t budget_;
  Lockstep lockstep_;
  Batch starts_;
  /// Active local rows, ascending.
  std::vector<std::int64_t> active_;
  std::int64_t round_ = 0;
  /// Solves of all problems until the round was planned.
  std::int64_t spent_ = 0;
  /// Largest number of gradient evaluations from each start of this round.
  std::int64_t start_evaluations_ = 0;
  std::int64_t n_candidate_ = 1;
  bool is_prepared_ = false;
  /// True while the solves of a round run.
  bool is_in_round_ = false;
  bool is_done_ = false;
};

}  // namespace jpo
