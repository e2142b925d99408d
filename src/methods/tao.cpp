// Per-problem TAO: every problem has a solver of its own, advanced in lockstep so that one batched
// model call serves all live problems of the rank. "tao" starts at the centre of the box, "refine"
// at another method's answer, or at several one after the other.
//
// Guards, per problem: a start that is not ok is never told to TAO; a later evaluation that fails
// is answered by a finite penalty (10 x the loss at the start, zero gradient), because TAO's line
// searches step back from that but not from NaN or Inf; the budget is exact; the answer is the best
// evaluated point that was ok. A fresh Tao serves each solve.

#include <algorithm>
#include <cctype>
#include <cmath>

#include <petsctao.h>

#include "core/checks.hpp"
#include "core/handle.hpp"
#include "methods/lockstep.hpp"
#include "methods/method.hpp"
#include "methods/progress.hpp"

namespace jpo {
namespace {

struct TaoSettings : Settings {
  std::string type = "bqnls";
  std::int64_t max_evaluations = 100;
  double gradient_tolerance = 1e-6;
  double absolute_gradient_tolerance = 0.0;
  std::int64_t window = 128;

  void describe(KeyTable& table) override {
    table.add("type", &type,
              {.doc = "TAO solver of each problem: bqnls is BFGS with bounds and line search; also "
                      "blmvm, bncg, bqnktr, ... (any gradient-based type of the PETSc in use)"});
    table.add("max_evaluations", &max_evaluations,
              {.doc = "gradient evaluations a problem, at most; exact", .min = 1});
    table.add("gradient_tolerance", &gradient_tolerance,
              {.doc = "stop where the projected gradient is below this times that of the start",
               .min = 0,
               .max = 1});
    table.add("absolute_gradient_tolerance", &absolute_gradient_tolerance,
              {.doc = "stop where the projected gradient is below this",
               .unit = "loss / parameter",
               .min = 0});
    table.add(
        "window", &window,
        {.doc = "problems advanced together on a rank: more is faster, the answers are the same",
         .min = 1,
         .max = 65536});
  }
};

struct RefineSettings : TaoSettings {
  std::string from;
  std::int64_t starts = 1;
  void describe(KeyTable& table) override {
    table.add("from", &from,
              {.doc = "name of the earlier method whose answers are the starts", .required = true});
    table.add("starts", &starts,
              {.doc = "starts a problem, one after the other, the best answer counts: the earlier "
                      "method's best answer, then its snapshots, newest first; max_evaluations is "
                      "for all of them",
               .min = 1,
               .max = 1000});
    TaoSettings::describe(table);
  }
};

using TaoHandle = Handle<Tao, TaoDestroy>;
using VecHandle = Handle<Vec, VecDestroy>;

// PETSc options of a method carry its name, with every character outside [a-z0-9] as '_'.
std::string option_prefix(const std::string& name) {
  std::string prefix;
  for (const char letter : name) {
    const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    prefix += std::isalnum(static_cast<unsigned char>(lower)) != 0 ? lower : '_';
  }
  return prefix + "_";
}

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

// One problem's TaoSolves, a start each: lives on the solve's own stack.
class TaoSolveOfOne {
 public:
  TaoSolveOfOne(const TaoSettings& settings, const std::string& prefix, const ParameterSpace& space,
                MethodResult& result, LiveSolve& live)
      : settings_(settings), prefix_(prefix), space_(space), result_(result), live_(live) {}

  // The reason is that of the solve with the best answer, or of the first where none has one.
  void run(std::span<const double> start) {
    const auto row = static_cast<std::size_t>(live_.row());
    if (n_evaluation_ == settings_.max_evaluations) return;
    const double best_before = result_.loss[row];
    const bool first = n_evaluation_ == 0;
    n_start_evaluation_ = 0;
    end_ = End::by_tao;
    const StopReason reason = solve_guarded(start);
    if (first || result_.loss[row] < best_before ||
        (std::isnan(best_before) && !std::isnan(result_.loss[row])))
      result_.reason[row] = reason;
  }

 private:
  enum class End { by_tao, budget, bad_start };

  StopReason solve_guarded(std::span<const double> start) {
    StopReason reason = StopReason::solver_stopped;
    try {
      reason = stop_reason_of(solve(start));
    } catch (const std::exception&) {  // the reason tells
    }
    if (end_ == End::budget) reason = StopReason::budget_reached;
    if (end_ == End::bad_start) reason = StopReason::diverged_at_start;
    return reason;
  }

  TaoConvergedReason solve(std::span<const double> start) {
    const VecHandle m = vector_of(start);
    const VecHandle lower = vector_of(space_.lower);
    const VecHandle upper = vector_of(space_.upper);
    TaoHandle tao;
    PETSC(TaoCreate(PETSC_COMM_SELF, tao.put()));
    PETSC(TaoSetType(tao.get(), settings_.type.c_str()));
    PETSC(TaoSetOptionsPrefix(tao.get(), prefix_.c_str()));
    PETSC(TaoSetSolution(tao.get(), m.get()));
    PETSC(TaoSetVariableBounds(tao.get(), lower.get(), upper.get()));
    PETSC(TaoSetObjectiveAndGradient(tao.get(), nullptr, &TaoSolveOfOne::callback, this));
    PETSC(TaoSetTolerances(tao.get(), settings_.absolute_gradient_tolerance, 0.0,
                           settings_.gradient_tolerance));
    PETSC(TaoSetMaximumIterations(tao.get(), PETSC_MAX_INT));
    PETSC(TaoSetMaximumFunctionEvaluations(tao.get(), PETSC_MAX_INT));
    PETSC(TaoSetFromOptions(tao.get()));
    PETSC(TaoSolve(tao.get()));
    TaoConvergedReason reason = TAO_CONTINUE_ITERATING;
    PETSC(TaoGetConvergedReason(tao.get(), &reason));
    return reason;
  }

  // No exception leaves this; a non-zero return unwinds TaoSolve.
  static PetscErrorCode callback(Tao /*tao*/, Vec m, PetscReal* loss, Vec g, void* context) {
    auto& self = *static_cast<TaoSolveOfOne*>(context);
    const PetscScalar* m_data = nullptr;
    PetscScalar* g_data = nullptr;
    PetscCall(VecGetArrayRead(m, &m_data));
    PetscCall(VecGetArrayWrite(g, &g_data));
    const auto n = static_cast<std::size_t>(self.space_.size());
    const bool go_on = self.evaluate({m_data, n}, *loss, {g_data, n});
    PetscCall(VecRestoreArrayWrite(g, &g_data));
    PetscCall(VecRestoreArrayRead(m, &m_data));
    return go_on ? PetscErrorCode{} : PETSC_ERR_USER;
  }

  // False where TAO must stop: the budget is used up, or the start was not ok.
  bool evaluate(std::span<const double> m, double& loss, std::span<double> g) noexcept {
    if (n_evaluation_ == settings_.max_evaluations) {
      end_ = End::budget;
      return false;
    }
    const Answer& answer = live_.ask(m);
    result_.record(live_.row(), m, answer.loss, answer.outcome);
    if (answer.outcome == Outcome::ok) {
      loss = answer.loss;
      std::ranges::copy(answer.gradient, g.begin());
    } else {
      loss = 10.0 * start_loss_;
      std::ranges::fill(g, 0.0);
    }
    ++n_evaluation_;
    if (n_start_evaluation_++ > 0) return true;
    start_loss_ = answer.loss;
    if (answer.outcome != Outcome::ok) end_ = End::bad_start;
    return end_ == End::by_tao;
  }

  const TaoSettings& settings_;
  const std::string& prefix_;
  const ParameterSpace& space_;
  MethodResult& result_;
  LiveSolve& live_;
  std::int64_t n_evaluation_ = 0;        ///< of all starts
  std::int64_t n_start_evaluation_ = 0;  ///< of this start
  double start_loss_ = 0.0;
  End end_ = End::by_tao;
};

// starts: batches of one row a local problem, tried in this order.
MethodResult solve_from(const TaoSettings& settings, const Task& task,
                        const std::vector<const Batch*>& starts) {
  const ParameterSpace& space = task.objective.shape().parameters;
  MethodResult result(task.objective.n_problem(), space);
  const std::string prefix = option_prefix(task.name);
  Progress progress(task, static_cast<std::int64_t>(task.usable.size()), "problems of rank 0");
  const auto scope = task.timer.scope(Phase::solver);
  run_lockstep(
      task.objective, result.ledger, task.usable, settings.window,
      [&](LiveSolve& live) {
        TaoSolveOfOne solve(settings, prefix, space, result, live);
        for (const Batch* start : starts) solve.run(start->read().row(live.row()));
      },
      [&](std::int64_t) { progress.advance(); });
  return result;
}

MethodResult solve_tao(const Settings& settings, const Task& task) {
  // The centre of the box is what a fresh result holds.
  const MethodResult centre(task.objective.n_problem(), task.objective.shape().parameters);
  return solve_from(dynamic_cast<const TaoSettings&>(settings), task, {&centre.parameters});
}

MethodResult solve_refine(const Settings& settings, const Task& task) {
  const auto& refine = dynamic_cast<const RefineSettings&>(settings);
  const MethodResult& earlier = task.earlier(refine.from);
  std::vector<const Batch*> starts = {&earlier.parameters};
  for (auto snapshot = earlier.snapshots.rbegin();
       snapshot != earlier.snapshots.rend() && std::ssize(starts) < refine.starts; ++snapshot)
    starts.push_back(&*snapshot);
  return solve_from(refine, task, starts);
}

}  // namespace

MethodKind tao_kind() {
  return {"tao", "one TAO solve a problem, from the centre of the box",
          [] { return std::make_unique<TaoSettings>(); }, solve_tao};
}

MethodKind refine_kind() {
  return {"refine", "one TAO solve a problem, from an earlier method's answer",
          [] { return std::make_unique<RefineSettings>(); }, solve_refine};
}

}  // namespace jpo
