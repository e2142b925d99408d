#pragma once
// Per-problem TAO solves, round by round, until a budget is spent: the methods multi_start and
// bank, which differ in the starting points of a round's solves.

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
  std::int64_t most_evaluations = 0;
  void describe(KeyTable& table) override;
};

struct StartRequest {
  std::int64_t round = 0;
  /// Local problem.
  std::int64_t row = 0;
  std::int64_t candidate = 0;
};

/// Starting points of the solves of a round.
class Proposal {
 public:
  Proposal() = default;
  Proposal(const Proposal&) = delete;
  Proposal& operator=(const Proposal&) = delete;
  Proposal(Proposal&&) = delete;
  Proposal& operator=(Proposal&&) = delete;
  virtual ~Proposal() = default;

  /// Called before round 0; may spend evaluations, at most `max_evaluations` a problem, which it
  /// records in `result`. Returns false if round 0 starts at the centre of the box. Collective.
  virtual bool prepare(MethodResult& /*result*/, double /*max_evaluations*/) { return false; }
  /// Called before the starts of a round, with the best answers so far and the active local rows,
  /// ascending. Collective.
  virtual void begin(std::int64_t /*round*/, std::span<const std::int64_t> /*active*/,
                     const MethodResult& /*best*/) {}
  /// Draws a start m of one problem, or one of several candidates; `stream` belongs to this problem
  /// and this round. Not collective.
  virtual void draw_start(const StartRequest& request, RandomStream& stream,
                          std::span<double> m) const = 0;
  /// Completes the result after the last round.
  virtual void answer(MethodResult& /*result*/) {}
  /// State between rounds. Collective if the archive is.
  virtual void archive(StateArchive& /*archive*/, const std::string& /*name*/) {}
};

/// Rounds of TAO solves from the starts of a proposal; round 0 starts at the centre of the box
/// unless the proposal is prepared. A step is a round. The best answer of a problem counts. A
/// problem that looks solved, or that has had most_evaluations, is not tried again, and its share
/// of the budget goes to the others. Rounds are agreed over all ranks: the same bits for any number
/// of them.
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

  const RoundsSettings& settings_;
  const Task& task_;
  std::unique_ptr<Proposal> proposal_;
  const ParameterSpace& space_;
  std::string prefix_;
  double max_evaluations_;
  /// In solves of all problems: a gradient evaluation is two.
  std::int64_t budget_;
  Lockstep lockstep_;
  Batch starts_;
  /// Active local rows, ascending.
  std::vector<std::int64_t> active_;
  std::int64_t round_ = 0;
  /// Solves of all problems when the round was planned.
  std::int64_t spent_ = 0;
  /// Of each start of this round, at most.
  std::int64_t start_evaluations_ = 0;
  std::int64_t n_candidate_ = 1;
  bool is_prepared_ = false;
  /// True while the solves of a round run.
  bool is_in_round_ = false;
  bool is_done_ = false;
};

}  // namespace jpo
