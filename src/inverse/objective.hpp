#pragma once
// Loss and gradient of a batch of problems. All methods use this class, so that solves are counted
// in the same way for each of them. Not collective.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/device/batch.hpp"
#include "core/device/batch_rows.hpp"
#include "core/phase_timer.hpp"
#include "inverse/evaluation_hook.hpp"
#include "inverse/fault.hpp"
#include "inverse/misfit.hpp"
#include "inverse/outcome.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// Number of solves of each local problem. A solve over a share of the horizon counts as that
/// share. Each method has its own ledger.
struct Ledger {
  explicit Ledger(std::int64_t n_problem)
      : forward(n_problem), adjoint(n_problem), tangent(n_problem) {}
  std::vector<double> forward;
  std::vector<double> adjoint;
  std::vector<double> tangent;

  /// Returns (forward + adjoint + tangent) / 2 of each problem. A gradient evaluation is one
  /// forward and one adjoint solve.
  std::vector<double> gradient_evaluations() const;
  /// Returns the number of all solves of a problem: twice its gradient evaluations.
  double solves(std::int64_t row) const { return forward[row] + adjoint[row] + tangent[row]; }
};

/// The problems of this rank: rows of c and y in the model's memory, and the global id of row 0.
struct LocalProblems {
  const Batch& context;
  const Batch& observation;
  std::int64_t first_id = 0;
};

/// The result of one evaluate call, with one entry or row per requested problem (its slot). Can be
/// reused for further calls.
struct Evaluation {
  /// `space`: memory space of the gradients.
  Evaluation(std::int64_t capacity, std::int64_t n_parameter, MemorySpace space = MemorySpace::host)
      : loss(capacity), outcome(capacity), gradient(capacity, n_parameter, space) {}
  /// NaN if the outcome is not ok.
  std::vector<double> loss;
  std::vector<Outcome> outcome;
  /// g [problem, n_parameter]; a zero row if the outcome is not ok.
  Batch gradient;
};

class Objective {
 public:
  /// The model solves at most `solve_batch` problems at once. This limits the memory and does not
  /// change results. All references must outlive the objective.
  Objective(ForwardModel& model, const LocalProblems& problems, const MisfitSettings& misfit,
            const FaultSettings& faults, std::int64_t solve_batch, PhaseTimer& timer);
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;
  Objective(Objective&&) = delete;
  Objective& operator=(Objective&&) = delete;
  ~Objective() = default;

  /// Computes loss and gradient of problems `rows` (local) at m [rows.size(), n_parameter]. Counts
  /// a forward solve per problem, and an adjoint solve if the forward solve and the misfit were ok.
  /// Masked problems are not counted.
  void evaluate(std::span<const std::int64_t> rows, const Batch& m, Ledger& ledger,
                Evaluation& result);
  /// The same without adjoint solves; all gradients are zero.
  void evaluate_loss(std::span<const std::int64_t> rows, const Batch& m, Ledger& ledger,
                     Evaluation& result);

  /// Computes dy = (dF/dm) v, v [n, n_parameter], dy [n, n_observation], with a row per slot, for
  /// Gauss-Newton. dF/dm is taken at the points of the last evaluate call, which must have
  /// requested at most solve_batch() problems. Rows that were not ok may hold any values; masked
  /// rows are not written. Counts a solve per slot with needed[slot] != 0. Throws std::logic_error
  /// if the model has no tangent.
  void tangent(std::span<const std::uint8_t> needed, const Batch& v, Batch& dy, Ledger& ledger);
  /// Computes g = (dF/dm)^T w, with the same conditions.
  void adjoint(std::span<const std::uint8_t> needed, const Batch& w, Batch& g, Ledger& ledger);
  /// Copies w = dL/dF [n_observation] of a slot of the last evaluate call; 0 if its forward solve
  /// or misfit was not ok.
  void read_residual_weights(std::int64_t slot, std::span<double> w) const;

  /// From now on only the first n channels of y are used, and a solve counts as n / n_channel. Only
  /// for models with shape().channels_in_time.
  void observe_channels(std::int64_t n);
  /// From now on gradients are those of Huber's loss: residuals above this many residual scales
  /// enter linearly. The loss is still the misfit.
  void limit_residuals(double scales) { misfit_.limit_residuals(scales); }

  /// Calls `hook` in all evaluations until the scope ends.
  class HookScope {
   public:
    HookScope(Objective& objective, EvaluationHook& hook) : objective_(objective), hook_(hook) {
      objective_.hooks_.push_back(&hook_);
    }
    HookScope(const HookScope&) = delete;
    HookScope& operator=(const HookScope&) = delete;
    HookScope(HookScope&&) = delete;
    HookScope& operator=(HookScope&&) = delete;
    ~HookScope() { std::erase(objective_.hooks_, &hook_); }

   private:
    Objective& objective_;
    EvaluationHook& hook_;
  };

  /// Serializes the state between evaluations: the number of evaluations of each problem.
  void archive(StateArchive& archive, const std::string& name) { faults_.archive(archive, name); }

  /// Draws m from the model's prior for the context of local problem `row`.
  void sample_parameters(std::int64_t row, RandomStream& stream, std::span<double> m) const {
    model_.sample_parameters(stream, problems_.context.read().row(row), m);
  }

  const Misfit& misfit() const { return misfit_; }
  std::int64_t solve_batch() const { return solve_batch_; }
  const ModelShape& shape() const { return model_.shape(); }
  ForwardModel& model() { return model_; }
  const LocalProblems& problems() const { return problems_; }
  std::int64_t n_problem() const { return problems_.observation.n_problem(); }

 private:
  void evaluate_chunks(std::span<const std::int64_t> rows, const Batch& m, bool with_gradient,
                       Ledger& ledger, Evaluation& result);
  void select(std::span<const std::int64_t> rows, Ledger& ledger, Evaluation& result);
  void set_chunk(std::int64_t first, std::int64_t n);
  void solve(const Batch& m);
  bool apply_misfit(Evaluation& result);
  void finish_gradient(Ledger& ledger, Evaluation& result);
  SolvedProblems chunk() const { return {slots_.rows(), rows_.rows()}; }
  void count(std::span<const std::uint8_t> needed, std::vector<double>& solves) const;

  ForwardModel& model_;
  LocalProblems problems_;
  Misfit misfit_;
  FaultPlan faults_;
  PhaseTimer& timer_;
  std::vector<EvaluationHook*> hooks_;
  std::int64_t solve_batch_;
  double solve_cost_ = 1.0;

  /// 1 for masked slots of the request.
  std::vector<std::uint8_t> is_masked_;
  /// Slots of the request that are not masked, and their local rows.
  std::vector<std::int64_t> solved_slots_, solved_rows_;

  /// The chunk: at most solve_batch_ problems of a request, which one model call solves. Its
  /// batches, slots and local rows, and the results of the model.
  Batch c_, m_, y_, w_, g_;
  RowList slots_, rows_;
  std::vector<SolveStatus> status_;
  std::vector<double> loss_;
  std::vector<std::uint8_t> is_finite_;
  /// Positions, within the chunk, of the problems with an outcome other than ok.
  std::vector<std::int64_t> bad_;
  RowList bad_rows_;
};

}  // namespace jpo
