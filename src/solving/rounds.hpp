#pragma once
// Per-problem TAO solves, round by round, until a budget is spent: what multi_start and bank share.
// They differ in one thing, where a round's solves start.

#include <cstdint>
#include <span>
#include <string>

#include "solving/tao_solve.hpp"
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
  std::int64_t row = 0;  ///< local problem
  std::int64_t candidate = 0;
};

/// Where the solves of a round start.
class Proposal {
 public:
  Proposal() = default;
  Proposal(const Proposal&) = delete;
  Proposal& operator=(const Proposal&) = delete;
  Proposal(Proposal&&) = delete;
  Proposal& operator=(Proposal&&) = delete;
  virtual ~Proposal() = default;

  /// Before round 0; may spend evaluations, at most `max_evaluations` a problem, and record what
  /// they find. False: round 0 starts at the centre of the box. Collective.
  virtual bool prepare(MethodResult& /*result*/, double /*max_evaluations*/) { return false; }
  /// Before the starts of a round, with the best answers so far and the local rows that go on,
  /// ascending. Collective.
  virtual void begin(std::int64_t /*round*/, std::span<const std::int64_t> /*active*/,
                     const MethodResult& /*best*/) {}
  /// A start m of one problem, one of several where there are more candidates than one; `stream` is
  /// the problem's own of this round. Not collective.
  virtual void draw_start(const StartRequest& request, RandomStream& stream,
                          std::span<double> m) const = 0;
  /// What it remembers between rounds. Collective where the archive is.
  virtual void archive(StateArchive& /*archive*/, const std::string& /*name*/) {}
};

/// MethodKind::live_answers of RoundsSettings.
LiveAnswers live_answers_of_rounds(const Settings& settings);

/// Rounds start where `proposal` says, round 0 perhaps at the centre of the box. The best answer of
/// a problem counts. A problem whose misfit says that it is solved rests, and its share of the
/// budget goes to the others; where the attainable misfit is not known, none does. One that has had
/// most_evaluations rests too. Rounds are agreed over all ranks: the same bits for any number
/// of them. Collective on task.comm.
MethodResult solve_in_rounds(const RoundsSettings& settings, const Task& task, Proposal& proposal);

}  // namespace jpo
