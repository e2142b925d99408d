#include "solving/per_problem/tao_solve.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <petsctao.h>

#include "core/checks.hpp"
#include "core/petsc_handles.hpp"

namespace jpo {
namespace {

// TAO requests a point twice while it moves; a line search that fails requests it some 30 times.
constexpr std::int64_t kMostRepeats = 100;

VecHandle vector_of(std::span<const double> values) {
  VecHandle vec;
  PETSC(VecCreateSeq(PETSC_COMM_SELF, static_cast<PetscInt>(values.size()), vec.put()));
  PetscScalar* data = nullptr;
  PETSC(VecGetArrayWrite(vec.get(), &data));
  std::ranges::transform(values, data, [](double value) {
    return std::clamp(value, -PETSC_INFINITY, PETSC_INFINITY);
  });
  PETSC(VecRestoreArrayWrite(vec.get(), &data));
  return vec;
}

StopReason stop_reason_of(TaoConvergedReason reason) {
  switch (reason) {
    case TAO_CONVERGED_GATOL:
    case TAO_CONVERGED_GRTOL:
    case TAO_CONVERGED_GTTOL:
      return StopReason::gradient_small;
    case TAO_CONVERGED_STEPTOL:
    case TAO_CONVERGED_MINF:
      return StopReason::step_small;
    case TAO_DIVERGED_MAXFCN:
    case TAO_DIVERGED_MAXITS:
      return StopReason::budget_reached;
    case TAO_DIVERGED_LS_FAILURE:
      return StopReason::line_search_failed;
    default:
      return StopReason::solver_stopped;
  }
}

// Sets an option unless the deck sets it. PETSc 3.18's trust-region solvers read an index set that
// does not exist if the bounds fix all parameters; with as_type "none" it always exists.
void set_safe_options(const std::string& prefix, const std::string& type) {
  if (!type.starts_with("bqnk")) return;
  const std::string option = "-" + prefix + "tao_bnk_as_type";
  PetscBool is_set = PETSC_FALSE;
  PETSC(PetscOptionsHasName(nullptr, nullptr, option.c_str(), &is_set));
  if (is_set == PETSC_FALSE) PETSC(PetscOptionsSetValue(nullptr, option.c_str(), "none"));
}

}  // namespace

void TaoSolverSettings::describe(KeyTable& table) {
  table.add("type", &type,
            {.doc = "TAO solver of each problem: bqnls is BFGS with bounds and line search",
             .allowed = {"bqnls", "blmvm", "bqnkls", "bqnktr", "bqnktl", "bncg", "lmvm", "cg",
                         "owlqn", "nm"}});
  table.add(
      "gradient_tolerance", &gradient_tolerance,
      {.doc = "a solve stops if the norm of the projected gradient is below this times that at the "
              "start",
       .min = 0,
       .max = 1});
  table.add("absolute_gradient_tolerance", &absolute_gradient_tolerance,
            {.doc = "a solve stops if the norm of the projected gradient is below this",
             .unit = "loss / parameter",
             .min = 0});
  table.add(
      "concurrent_solves", &concurrent_solves,
      {.doc = "number of solves that advance together on a rank; more are faster and need more "
              "memory",
       .min = 1,
       .max = 65536,
       .affects_result = false,
       .old_name = "window"});
}

KeyRule rest_deviations_rule() {
  return {
      .doc =
          "largest misfit of a solved problem for the key rest, relative to the mean level of the "
          "noise; use a smaller value if wrong minima have nearly the same misfit",
      .unit = "standard deviations of the level between problems",
      .min = -100,
      .max = 100};
}

std::string petsc_option_prefix(const std::string& name) {
  std::string prefix;
  for (const char letter : name) {
    const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    prefix += std::isalnum(static_cast<unsigned char>(lower)) != 0 ? lower : '_';
  }
  return prefix + "_";
}

std::string refused_options(const std::string& name, const TaoSolverSettings& settings) {
  try {
    TaoHandle tao;
    PETSC(TaoCreate(PETSC_COMM_SELF, tao.put()));
    PETSC(TaoSetType(tao.get(), settings.type.c_str()));
    PETSC(TaoSetOptionsPrefix(tao.get(), petsc_option_prefix(name).c_str()));
    PETSC(TaoSetFromOptions(tao.get()));
    return "";
  } catch (const std::exception& error) {
    return std::string("PETSc refuses its options: ") + error.what();
  }
}

void GuardedSolve::run(std::span<const double> start, std::int64_t max_evaluations,
                       std::int64_t patience) {
  if (max_evaluations <= 0) return;
  const auto row = static_cast<std::size_t>(live_.row());
  best_before_ = result_.loss[row];
  patience_ = patience;
  // solve_diverged is the reason before the first solve.
  const bool first = result_.reason[row] == StopReason::solve_diverged;
  n_allowed_ = n_evaluation_ + max_evaluations;
  n_start_evaluation_ = 0;
  end_ = End::by_tao;
  const StopReason reason = solve_guarded(start);
  if (first || has_beaten_best()) result_.reason[row] = reason;
}

bool GuardedSolve::has_beaten_best() const {
  const double best = result_.loss[live_.row()];
  return best < best_before_ || (std::isnan(best_before_) && !std::isnan(best));
}

StopReason GuardedSolve::solve_guarded(std::span<const double> start) {
  StopReason reason = StopReason::solver_stopped;
  try {
    reason = stop_reason_of(static_cast<TaoConvergedReason>(solve(start)));
  } catch (const std::exception&) {
    reason = StopReason::solver_stopped;
  }
  if (end_ == End::budget) reason = StopReason::budget_reached;
  if (end_ == End::no_progress) reason = StopReason::no_progress;
  if (end_ == End::bad_start) reason = StopReason::diverged_at_start;
  return reason;
}

int GuardedSolve::solve(std::span<const double> start) {
  const VecHandle m = vector_of(start);
  const VecHandle lower = vector_of(space_.lower);
  const VecHandle upper = vector_of(space_.upper);
  TaoHandle tao;
  PETSC(TaoCreate(PETSC_COMM_SELF, tao.put()));
  PETSC(TaoSetType(tao.get(), settings_.type.c_str()));
  PETSC(TaoSetOptionsPrefix(tao.get(), prefix_.c_str()));
  PETSC(TaoSetSolution(tao.get(), m.get()));
  PETSC(TaoSetVariableBounds(tao.get(), lower.get(), upper.get()));
  // The callback does not throw; a non-zero return value unwinds TaoSolve.
  const auto callback = [](Tao /*tao*/, Vec at, PetscReal* loss, Vec g,
                           void* context) -> PetscErrorCode {
    auto& self = *static_cast<GuardedSolve*>(context);
    const PetscScalar* m_data = nullptr;
    PetscScalar* g_data = nullptr;
    PetscCall(VecGetArrayRead(at, &m_data));
    PetscCall(VecGetArrayWrite(g, &g_data));
    const auto n = static_cast<std::size_t>(self.space_.size());
    const bool continues = self.evaluate({m_data, n}, *loss, {g_data, n});
    PetscCall(VecRestoreArrayWrite(g, &g_data));
    PetscCall(VecRestoreArrayRead(at, &m_data));
    return continues ? PetscErrorCode{} : PETSC_ERR_USER;
  };
  PETSC(TaoSetObjectiveAndGradient(tao.get(), nullptr, callback, this));
  PETSC(TaoSetTolerances(tao.get(), settings_.absolute_gradient_tolerance, 0.0,
                         settings_.gradient_tolerance));
  PETSC(TaoSetMaximumIterations(tao.get(), PETSC_MAX_INT));
  PETSC(TaoSetMaximumFunctionEvaluations(tao.get(), PETSC_MAX_INT));
  set_safe_options(prefix_, settings_.type);
  PETSC(TaoSetFromOptions(tao.get()));
  const PetscErrorCode error = TaoSolve(tao.get());
  TaoConvergedReason reason = TAO_CONTINUE_ITERATING;
  PETSC(TaoGetConvergedReason(tao.get(), &reason));
  // A solve that has a reason has ended: the error is one of viewing it.
  if (reason == TAO_CONTINUE_ITERATING) PETSC(error);
  return reason;
}

bool GuardedSolve::evaluate(std::span<const double> m, double& loss, std::span<double> g) noexcept {
  // Some line searches and the trust region request the loss of a point and then its gradient.
  if (n_start_evaluation_ > 0 && std::ranges::equal(m, last_m_)) {
    if (++n_repeat_ > kMostRepeats) {
      end_ = End::no_progress;
      return false;
    }
    loss = last_loss_;
    std::ranges::copy(last_gradient_, g.begin());
    return true;
  }
  const bool is_abandoned = patience_ > 0 && n_start_evaluation_ >= patience_ && !has_beaten_best();
  if (n_evaluation_ == n_allowed_ || is_abandoned) {
    end_ = End::budget;
    return false;
  }
  const PointEvaluation& evaluation = live_.evaluate(m);
  if (evaluation.is_last_call) {
    end_ = End::budget;
    return false;
  }
  result_.record(live_.row(), m, evaluation.loss, evaluation.outcome);
  if (evaluation.outcome == Outcome::ok) {
    loss = evaluation.loss;
    std::ranges::copy(evaluation.gradient, g.begin());
  } else {
    loss = 10.0 * start_loss_;
    std::ranges::fill(g, 0.0);
  }
  ++n_evaluation_;
  n_repeat_ = 0;
  last_m_.assign(m.begin(), m.end());
  last_loss_ = loss;
  last_gradient_.assign(g.begin(), g.end());
  if (n_start_evaluation_++ > 0) return true;
  start_loss_ = evaluation.loss;
  if (evaluation.outcome != Outcome::ok) end_ = End::bad_start;
  return end_ == End::by_tao;
}

}  // namespace jpo
