#pragma once
// TAO solves of one problem on a lockstep stack, with guards:
//   - A start whose evaluation fails never reaches TAO.
//   - A later failed evaluation returns a penalty: 10 x the loss at the start, zero gradient.
//     TAO's line searches step back from it, but not from NaN or Inf.
//   - The budget is exact.
//   - A solve that requests one point again and again ends: TAO has no limit for it.
//   - The answer is the best point with a successful evaluation.
//   - Each solve has a new Tao, because a failed one leaks state into the next solve.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/settings.hpp"
#include "solving/per_problem/lockstep.hpp"
#include "solving/task.hpp"

namespace jpo {

/// Keys of all methods that run TAO for each problem.
struct TaoSolverSettings : Settings {
  std::string type = "bqnls";
  double gradient_tolerance = 1e-6;
  double absolute_gradient_tolerance = 0.0;
  std::int64_t concurrent_solves = 128;
  void describe(KeyTable& table) override;
};

/// Default of the key `rest_deviations` of the methods with more than one start.
constexpr double kRestDeviations = 2.5;
/// Returns the rule of that key.
KeyRule rest_deviations_rule();

/// Returns the prefix of the PETSc options of a method: its name in lower case, with every
/// character outside [a-z0-9] replaced by '_', and one more '_'.
std::string petsc_option_prefix(const std::string& name);

/// Tries the PETSc options of the method of this name on a temporary solver. Returns PETSc's error
/// if it refuses them, else "".
std::string refused_options(const std::string& name, const TaoSolverSettings& settings);

/// Solves one problem from several starts, one after the other, and keeps the best answer.
class GuardedSolve {
 public:
  GuardedSolve(const TaoSolverSettings& settings, const std::string& prefix,
               const ParameterSpace& space, MethodResult& result, LiveSolve& live)
      : settings_(settings), prefix_(prefix), space_(space), result_(result), live_(live) {}

  /// Runs TAO from `start` with at most `max_evaluations` gradient evaluations; the limit is never
  /// exceeded. The reason of the problem is that of the solve with the best answer, or of the first
  /// solve if none has an answer. The solve is abandoned after `patience` evaluations (0: never) if
  /// none of them has improved the answer of the earlier solves.
  void run(std::span<const double> start, std::int64_t max_evaluations, std::int64_t patience = 0);

  /// Returns the number of evaluations of all solves.
  std::int64_t n_evaluation() const { return n_evaluation_; }

 private:
  enum class End : std::uint8_t { by_tao, budget, bad_start, no_progress };
  bool has_beaten_best() const;
  StopReason solve_guarded(std::span<const double> start);
  /// Returns a TaoConvergedReason.
  int solve(std::span<const double> start);
  /// Evaluates a point for TAO. Returns false if TAO must stop, because the budget is spent, the
  /// evaluation of the start failed, or TAO cannot move.
  bool evaluate(std::span<const double> m, double& loss, std::span<double> g) noexcept;

  const TaoSolverSettings& settings_;
  const std::string& prefix_;
  const ParameterSpace& space_;
  MethodResult& result_;
  LiveSolve& live_;
  std::int64_t n_evaluation_ = 0;
  std::int64_t n_allowed_ = 0;
  std::int64_t patience_ = 0;
  /// Best loss before this solve; NaN if there is none.
  double best_before_ = 0.0;
  std::int64_t n_start_evaluation_ = 0;
  double start_loss_ = 0.0;
  End end_ = End::by_tao;
  // The last evaluation: point, gradient, loss.
  std::vector<double> last_m_, last_gradient_;
  double last_loss_ = 0.0;
  /// Requests of that point after its evaluation.
  std::int64_t n_repeat_ = 0;
};

}  // namespace jpo
