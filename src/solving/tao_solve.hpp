#pragma once
// One problem's TAO solves on a lockstep stack, guarded: a start that is not ok is never told to
// TAO; a later evaluation that fails is answered by a finite penalty (10 x the loss at the start,
// zero gradient), because TAO's line searches step back from that but not from NaN or Inf; the
// budget is exact; the answer is the best evaluated point that was ok. A fresh Tao serves each
// solve: one that failed leaks state into the next.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "solving/lockstep.hpp"
#include "solving/task.hpp"

namespace jpo {

/// The keys of every method that runs TAO per problem.
struct TaoSolverSettings : Settings {
  std::string type = "bqnls";
  double gradient_tolerance = 1e-6;
  double absolute_gradient_tolerance = 0.0;
  std::int64_t concurrent_solves = 128;
  void describe(KeyTable& table) override;
};

/// The key `rest_deviations` of the methods that try more than one start.
constexpr double kRestDeviations = 2.5;
KeyRule rest_deviations_rule();

/// PETSc options of a method carry its name, with every character outside [a-z0-9] as '_'.
std::string petsc_option_prefix(const std::string& name);

/// What PETSc says against the options of the method of this name, whose settings are
/// TaoSolverSettings; empty where it takes them. Tried out on a solver that is thrown away. A
/// MethodKind::refusal.
std::string refused_options(const std::string& name, const Settings& settings, const ModelShape&);

/// Solves of one problem, one start after the other; the best answer counts.
class GuardedSolve {
 public:
  GuardedSolve(const TaoSolverSettings& settings, const std::string& prefix,
               const ParameterSpace& space, MethodResult& result, LiveSolve& live)
      : settings_(settings), prefix_(prefix), space_(space), result_(result), live_(live) {}

  /// One TAO solve from `start` with at most `max_evaluations` gradient evaluations, exactly. The
  /// problem's reason is that of the solve with the best answer, or of the first where none has
  /// one. Given up after `patience` evaluations (0: never) that have not beaten the answer before
  /// it.
  void run(std::span<const double> start, std::int64_t max_evaluations, std::int64_t patience = 0);

  std::int64_t n_evaluation() const { return n_evaluation_; }  ///< of all runs

 private:
  enum class End : std::uint8_t { by_tao, budget, bad_start };
  bool has_beaten_best() const;
  StopReason solve_guarded(std::span<const double> start);
  int solve(std::span<const double> start);  ///< a TaoConvergedReason
  /// False where TAO must stop: the budget is used up, or the start was not ok.
  bool evaluate(std::span<const double> m, double& loss, std::span<double> g) noexcept;

  const TaoSolverSettings& settings_;
  const std::string& prefix_;
  const ParameterSpace& space_;
  MethodResult& result_;
  LiveSolve& live_;
  std::int64_t n_evaluation_ = 0;
  std::int64_t n_allowed_ = 0;
  std::int64_t patience_ = 0;
  double best_before_ = 0.0;  ///< the run's own; NaN: none
  std::int64_t n_start_evaluation_ = 0;
  double start_loss_ = 0.0;
  End end_ = End::by_tao;
  std::vector<double> last_m_, last_gradient_;  ///< the last evaluation
  double last_loss_ = 0.0;
};

}  // namespace jpo
