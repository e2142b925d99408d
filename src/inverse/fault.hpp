#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/device/state_archive.hpp"
#include "core/settings.hpp"
#include "inverse/evaluation_hook.hpp"

namespace jpo {

/// [fault] of the deck: makes chosen problems fail, for tests.
struct FaultSettings : Settings {
  /// Global ids; empty: no faults.
  std::vector<std::int64_t> problems;
  /// blow_up | not_finite | petsc_error | slow | mask
  std::string kind = "blow_up";
  /// Evaluations are counted per problem and method.
  std::int64_t first_evaluation = 0;
  std::int64_t last_evaluation = 1'000'000'000;
  double slow_seconds = 0.05;
  void describe(KeyTable& table) override;
  void check() const override;
};

enum class Fault : std::uint8_t { none, blow_up, not_finite, petsc_error, slow, mask };

/// Injects the faults of one method, and counts the evaluations of each problem.
class FaultPlan : public EvaluationHook {
 public:
  FaultPlan(const FaultSettings& settings, std::int64_t first_id, std::int64_t n_problem);

  bool is_active() const { return is_active_; }
  /// Returns the fault of the next evaluation of local problem `row`, and counts this evaluation.
  Fault next(std::int64_t row);

  void begin(std::span<const std::int64_t> rows, std::span<std::uint8_t> is_masked) override;
  /// blow_up: m becomes infinite; slow: sleeps.
  void before_solve(const SolvedProblems& solved, Batch& m) override;
  /// not_finite: y becomes NaN; petsc_error: a PETSc error is raised and caught, as in a model.
  void after_solve(const SolvedProblems& solved, Batch& y, std::span<SolveStatus> status) override;

  void archive(StateArchive& archive, const std::string& name) {
    archive.by_problem(name + "/n_evaluation", n_evaluation_);
  }

 private:
  bool has_fault(const SolvedProblems& solved) const;

  bool is_active_;
  Fault kind_;
  double slow_seconds_;
  std::int64_t first_evaluation_;
  std::int64_t last_evaluation_;
  /// 1 for problems that fail [n_problem].
  std::vector<std::uint8_t> chosen_;
  /// [n_problem]
  std::vector<std::int64_t> n_evaluation_;
  /// Fault of each slot of the current request.
  std::vector<Fault> faults_;
};

}  // namespace jpo
