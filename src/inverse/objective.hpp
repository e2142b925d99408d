#pragma once
// Loss and gradient of a batch of problems: the one class that every method asks, so that methods
// differ only in who asks. Not collective.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/batch.hpp"
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

/// Solves counted per local problem. Each method has its own.
struct Ledger {
  explicit Ledger(std::int64_t n_problem)
      : forward(static_cast<std::size_t>(n_problem)),
        adjoint(forward.size()),
        tangent(forward.size()) {}
  /// One gradient evaluation is one forward and one adjoint solve: by problem,
  /// (forward + adjoint + tangent) / 2, so that a solve of either kind counts half.
  std::vector<double> gradient_evaluations() const;

  std::vector<std::int64_t> forward;
  std::vector<std::int64_t> adjoint;
  std::vector<std::int64_t> tangent;
};

/// The problems of this rank: rows of c and y, and the global id of row 0.
struct LocalProblems {
  const Batch& context;
  const Batch& observation;
  std::int64_t first_id = 0;
};

/// The answer to one evaluate call, one entry or row an asked problem. Reused between calls.
struct Evaluation {
  Evaluation(std::int64_t capacity, std::int64_t n_parameter)
      : loss(static_cast<std::size_t>(capacity)),
        outcome(static_cast<std::size_t>(capacity)),
        gradient(capacity, n_parameter) {}
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
  void gather(const Chunk& chunk, const Batch& m, Ledger& ledger, Evaluation& result);
  bool apply_misfit(const Chunk& chunk, const Batch& m, Evaluation& result);
  void finish_gradient(const Chunk& chunk, const Batch& m, Ledger& ledger, Evaluation& result);

  ForwardModel& model_;
  LocalProblems problems_;
  Misfit misfit_;
  FaultPlan faults_;
  PhaseTimer& timer_;
  std::int64_t solve_batch_;
  Batch c_, m_, y_, w_, g_;
  std::vector<SolveStatus> status_;
  std::vector<std::int64_t> selected_;  ///< place in the chunk of each row that is solved
};

}  // namespace jpo
