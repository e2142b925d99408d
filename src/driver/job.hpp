#pragma once
// Everything that a deck describes, made ready on this rank: model, shard, problems, objective.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpi.h>

#include "core/phase_timer.hpp"
#include "data/problem_set.hpp"
#include "deck/deck.hpp"
#include "driver/catalogue.hpp"
#include "inverse/objective.hpp"
#include "methods/method.hpp"
#include "models/forward_model.hpp"
#include "network/network.hpp"
#include "parallel/shard.hpp"
#include "parallel/transport.hpp"

namespace jpo {

/// The deck at `path` and its bases: rank 0 reads them, all ranks get them. Throws BadInput on all
/// ranks. Collective on comm.
DeckFiles load_deck_files(const std::string& path, MPI_Comm comm);
/// The deck with what it leaves to other files: data.n_problem, where it does not say it, is that
/// of its problem file. Throws BadInput on all ranks. Collective on comm.
Deck complete_deck(Deck deck, MPI_Comm comm);
/// Collective on comm: reads the text, all ranks parse; complete. Throws BadInput on all ranks.
Deck load_deck(const std::string& path, const std::vector<std::string>& overrides, MPI_Comm comm);

/// The deck's [petsc] table in PETSc's options database, for the life of this object: what stood
/// there before stands there again afterwards.
class PetscOptionsScope {
 public:
  explicit PetscOptionsScope(const Deck& deck);
  PetscOptionsScope(const PetscOptionsScope&) = delete;
  PetscOptionsScope& operator=(const PetscOptionsScope&) = delete;
  PetscOptionsScope(PetscOptionsScope&&) = delete;
  PetscOptionsScope& operator=(PetscOptionsScope&&) = delete;
  ~PetscOptionsScope();

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> earlier_;
};
/// Names of the deck's [petsc] options that no rank's PETSc has asked for so far: misspelt, most
/// likely. Collective.
std::vector<std::string> unused_petsc_options(const Deck& deck, MPI_Comm comm);

/// Where the deck's model is to work. Throws BadInput, on every rank, where it cannot.
MemorySpace memory_space(const Deck& deck);
/// The deck's model at a resolution; BadInput where it has none finer than the inversion's.
std::unique_ptr<ForwardModel> make_model(const Deck& deck, Resolution resolution);

/// This rank's share of the deck's problems.
Shard make_shard(const Deck& deck, MPI_Comm comm);

class Job {
 public:
  /// Draws or reads the problems and evaluates them at the truth, where it is known, and at the
  /// centre of the box (not counted in any method's ledger). Throws BadInput as read_problems.
  /// Collective.
  Job(Deck deck, MPI_Comm comm);

  /// Collective. Runs one method of the deck; earlier ones must be in results().
  void solve(const MethodDeck& method);

  const Deck& deck() const { return deck_; }
  MPI_Comm comm() const { return comm_; }
  const Shard& shard() const { return shard_; }
  const ModelShape& shape() const { return model_->shape(); }
  ForwardModel& model() { return *model_; }
  const ProblemSet& problems() const { return problems_; }
  /// Problems that the model solves at once on this rank.
  std::int64_t solve_batch() const { return solve_batch_; }
  PhaseTimer& timer() { return timer_; }
  /// Misfit at the truth, or as a problem file says it; NaN where neither is known.
  const std::vector<double>& floor() const { return floor_; }
  const std::vector<double>& loss_at_centre() const { return loss_at_centre_; }
  /// In deck order, as far as solved.
  const std::vector<MethodResult>& results() const { return results_; }
  std::vector<MethodResult>& results_to_keep() { return results_; }
  /// Those of a checkpoint, in deck order: solve() goes on after them.
  void take_results(std::vector<MethodResult> results) { results_ = std::move(results); }
  /// Who may interrupt the methods from now on; must outlive them.
  void set_interruptions(Interruptions& interruptions) { interruptions_ = &interruptions; }
  /// Gradient evaluations that method k of results() has cost, with those it started from, by
  /// global id: a forward and an adjoint solve each, so half of all solves. Collective.
  std::vector<double> evaluations(std::size_t k) const;
  /// L_ref: the median misfit at the centre of the box. Collective.
  double loss_reference() const;
  /// The result of a method before its first step.
  MethodResult empty_result(const MethodTraits& traits = {}) const;
  /// The input of a method called `name`. Collective.
  Task task(const std::string& name, Objective& objective, MethodResult& result);
  Objective objective(bool with_faults = true);

 private:
  std::vector<double> loss_at(const Batch& m);
  std::size_t method_index(const std::string& name) const;
  AttainableMisfit attainable_misfit() const;

  Deck deck_;
  MPI_Comm comm_;
  PhaseTimer timer_;
  Shard shard_;
  std::unique_ptr<ForwardModel> model_;
  Transport transport_;
  std::int64_t solve_batch_;
  ProblemSet problems_;
  std::vector<double> floor_;
  std::vector<double> loss_at_centre_;
  std::vector<MethodResult> results_;
  std::unique_ptr<Interruptions> no_interruptions_ = std::make_unique<Interruptions>();
  Interruptions* interruptions_ = no_interruptions_.get();
};

/// The number of ranks that have work, at most.
std::int64_t max_useful_ranks(const Deck& deck);

}  // namespace jpo
