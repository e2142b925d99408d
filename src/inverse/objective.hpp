#pragma once
// Loss and gradient of a batch of problems: the one class that every method asks, so that methods
// differ only in who asks. Not collective.

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/device/batch.hpp"
#include "core/device/batch_rows.hpp"
#include "core/phase_timer.hpp"
#include "inverse/fault.hpp"
#include "inverse/misfit.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// What became of one evaluation of one problem.
enum class Outcome : std::uint8_t {
  ok,
  solve_diverged,
  solver_failed,
  misfit_not_finite,
  gradient_not_finite,
  masked,  ///< by the deck's [fault] section
};
std::string_view outcome_name(Outcome outcome);

/// Solves counted per local problem; a solve up to a share of the horizon counts as that share.
/// Each method has its own.
struct Ledger {
  explicit Ledger(std::int64_t n_problem)
      : forward(static_cast<std::size_t>(n_problem)),
        adjoint(forward.size()),
        tangent(forward.size()) {}
  std::vector<double> forward;
  std::vector<double> adjoint;
  std::vector<double> tangent;

  /// One gradient evaluation is one forward and one adjoint solve: by problem,
  /// (forward + adjoint + tangent) / 2, so that a solve of either kind counts half.
  std::vector<double> gradient_evaluations() const;
  /// All solves of a problem: twice its gradient evaluations.
  double solves(std::int64_t row) const {
    const auto k = static_cast<std::size_t>(row);
    return forward[k] + adjoint[k] + tangent[k];
  }
};

/// The problems of this rank: rows of c and y, where the model works, and the global id of row 0.
struct LocalProblems {
  const Batch& context;
  const Batch& observation;
  std::int64_t first_id = 0;
};

/// The answer to one evaluate call, one entry or row an asked problem. Reused between calls.
struct Evaluation {
  /// `space`: where the gradients are wanted.
  Evaluation(std::int64_t capacity, std::int64_t n_parameter, MemorySpace space = MemorySpace::host)
      : loss(static_cast<std::size_t>(capacity)),
        outcome(static_cast<std::size_t>(capacity)),
        gradient(capacity, n_parameter, space) {}
  std::vector<double> loss;  ///< not finite where the outcome is not ok
  std::vector<Outcome> outcome;
  Batch gradient;  ///< g [problem, n_parameter]; a zero row where the outcome is not ok
};

class Objective {
 public:
  /// The model solves at most `solve_batch` problems at once: this bounds memory and changes no
  /// result. All references must outlive the objective.
  Objective(ForwardModel& model, const LocalProblems& problems, const MisfitSettings& misfit,
            const FaultSettings& faults, std::int64_t solve_batch, PhaseTimer& timer);

  /// Loss and gradient of problems `rows` (local) at m [rows.size(), n_parameter]. Counts one
  /// forward and one adjoint solve each into the ledger; masked ones are not counted.
  void evaluate(std::span<const std::int64_t> rows, const Batch& m, Ledger& ledger,
                Evaluation& result);
  /// The same without gradients and adjoint solves.
  void evaluate_loss(std::span<const std::int64_t> rows, const Batch& m, Ledger& ledger,
                     Evaluation& result);

  /// Gauss-Newton's building blocks at the points of the last evaluate call, which must have asked
  /// for at most solve_batch() problems; one row an asked problem, rows that were not ok hold
  /// anything. Counts a solve for each row where needed[k] is not 0.
  /// dy = (dF/dm) v, v [n, n_parameter], dy [n, n_observation]. Throws std::logic_error where the
  /// model has no tangent.
  void tangent(std::span<const std::uint8_t> needed, const Batch& v, Batch& dy, Ledger& ledger);
  /// g = (dF/dm)^T w.
  void adjoint(std::span<const std::uint8_t> needed, const Batch& w, Batch& g, Ledger& ledger);
  /// w = dL/dF [n_observation] of asked problem k of the last evaluate call; 0 where it was not ok.
  void read_residual_weights(std::int64_t k, std::span<double> w) const;

  /// From now on only the first n channels of y count, and solves cost that share: for models whose
  /// shape().channels_in_time is true.
  void observe_channels(std::int64_t n);
  /// From now on gradients are those of Huber's loss: a residual pulls no harder than one of this
  /// many residual scales. The loss itself stays the misfit.
  void limit_residuals(double scales) { misfit_.limit_residuals(scales); }

  using Watcher =
      std::function<void(std::int64_t row, std::span<const double> m, std::span<const double> y)>;
  /// While it lives, `watcher` is told every forward solve that is ok: (row, m, F(m)).
  class WatchScope {
   public:
    WatchScope(Objective& objective, Watcher watcher) : objective_(objective) {
      objective_.watcher_ = std::move(watcher);
    }
    WatchScope(const WatchScope&) = delete;
    WatchScope& operator=(const WatchScope&) = delete;
    WatchScope(WatchScope&&) = delete;
    WatchScope& operator=(WatchScope&&) = delete;
    ~WatchScope() { objective_.watcher_ = nullptr; }

   private:
    Objective& objective_;
  };

  /// What it remembers between evaluations: how many each problem has had.
  void archive(StateArchive& archive, const std::string& name) { faults_.archive(archive, name); }

  const Misfit& misfit() const { return misfit_; }
  std::int64_t solve_batch() const { return solve_batch_; }
  const ModelShape& shape() const { return model_.shape(); }
  ForwardModel& model() { return model_; }
  const LocalProblems& problems() const { return problems_; }
  std::int64_t n_problem() const { return problems_.observation.n_problem(); }

 private:
  /// Part of a request: its rows, and the position of the first of them.
  struct Chunk {
    std::span<const std::int64_t> rows;
    std::int64_t first;
  };
  void evaluate_chunks(std::span<const std::int64_t> rows, const Batch& m, bool with_gradient,
                       Ledger& ledger, Evaluation& result);
  void select(const Chunk& chunk, Ledger& ledger, Evaluation& result);
  void gather(const Batch& m);
  bool meets_faults() const;
  void meet_faults();
  bool apply_misfit(const Batch& m, Evaluation& result);
  void tell_watcher(const Batch& m, const Evaluation& result) const;
  void finish_gradient(Ledger& ledger, Evaluation& result);
  void count(std::span<const std::uint8_t> needed, std::vector<double>& solves) const;

  ForwardModel& model_;
  LocalProblems problems_;
  Misfit misfit_;
  FaultPlan faults_;
  PhaseTimer& timer_;
  Watcher watcher_;
  std::int64_t solve_batch_;
  double solve_cost_ = 1.0;
  Batch c_, m_, y_, w_, g_;  ///< by slot: side by side, those that are solved
  std::vector<SolveStatus> status_;
  std::vector<std::int64_t> selected_;            ///< place in the chunk of each slot
  std::vector<std::int64_t> slot_rows_, places_;  ///< its local row, its place in the request
  std::vector<Fault> selected_faults_;
  std::vector<double> loss_;
  std::vector<std::uint8_t> is_finite_;
  std::vector<std::int64_t> bad_;         ///< slots
  std::vector<std::int64_t> asked_;       ///< local rows of the last chunk
  RowList in_chunk_, rows_, in_request_;  ///< selected_, slot_rows_ and places_
  RowList bad_slots_;
};

}  // namespace jpo
