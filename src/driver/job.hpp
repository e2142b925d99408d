#pragma once
// A job: the model, problems and objective of a deck on this rank, and the results of its methods.

#include <memory>
#include <optional>
#include <string>
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

/// Reads the deck at `path` and its bases on rank 0 and broadcasts them, and the environment
/// variables of rank 0 for the paths of the deck. Throws BadInput on all
/// ranks. Collective on comm.
DeckFiles load_deck_files(const std::string& path, MPI_Comm comm);
/// Sets data.n_problem from the problem file if the deck has such a file and does not set the key;
/// adds the options of PETSC_OPTIONS if the deck sets run.petsc_environment. Returns the deck.
/// Throws BadInput on all ranks. Collective on comm.
Deck complete_deck(Deck deck, MPI_Comm comm);
/// Reads and completes a deck: load_deck_files, read_deck and complete_deck. Throws BadInput on all
/// ranks. Collective on comm.
Deck load_deck(const std::string& path, const std::vector<std::string>& overrides, MPI_Comm comm);

/// Returns the memory space that parallel.device selects. Throws BadInput on every rank if it is
/// cuda and a rank has no CUDA device.
MemorySpace memory_space(const Deck& deck);
/// Makes the deck's model at a resolution. Throws BadInput if the model cannot be built, or if
/// Resolution::data is requested and it has no finer discretization. Not collective.
std::unique_ptr<ForwardModel> make_model(const Deck& deck, Resolution resolution);

/// Returns this rank's share of the deck's problems.
Shard make_shard(const Deck& deck, MPI_Comm comm);

class Job {
 public:
  /// Draws or reads the problems, then computes their misfits at their starts and at the
  /// truth if it is known. No method's ledger counts these solves. Throws BadInput as
  /// read_problems. Collective on comm.
  Job(Deck deck, MPI_Comm comm);

  /// Runs one method of the deck and appends its result to results(). The results of all earlier
  /// methods must be there. Collective.
  void solve(const MethodDeck& method);
  /// The same, but appends the best answers of the checkpoint that the interruptions read, without
  /// a step of the method. Collective.
  void restore(const MethodDeck& method);

  const Deck& deck() const { return deck_; }
  MPI_Comm comm() const { return comm_; }
  const Shard& shard() const { return shard_; }
  const ModelShape& shape() const { return model_->shape(); }
  ForwardModel& model() const { return *model_; }
  const ProblemSet& problems() const { return problems_; }
  /// Largest number of problems that the model solves at once on this rank.
  std::int64_t solve_batch() const { return solve_batch_; }
  PhaseTimer& timer() { return timer_; }
  /// Misfit at the truth, or the value in the problem file if the truth is not known; NaN if
  /// neither is known. [local problem]
  const std::vector<double>& floor() const { return floor_; }
  /// Computes the reference misfits that data.reference selects, unless a checkpoint had them. No
  /// method reads them. Call before the first method. Collective.
  void find_reference();
  bool has_reference() const { return has_reference_; }
  /// Writes or reads the reference misfits, if they are computed. Collective.
  void archive_reference(StateArchive& archive);
  /// Reference misfit of each problem; NaN if it has none, and before find_reference().
  /// [local problem]
  const std::vector<double>& reference() const { return reference_; }
  /// Returns the largest misfit of a solved problem: reference + 1e-3 max(reference, 1e-3 L_ref);
  /// NaN without a reference. [local problem]
  std::vector<double> solved_limit() const;
  /// Misfit at the start. [local problem]
  const std::vector<double>& loss_at_centre() const { return loss_at_centre_; }
  /// Results of the methods that are done, in the order of the deck.
  const std::vector<MethodResult>& results() const { return results_; }
  std::vector<MethodResult>& results_to_keep() { return results_; }
  /// Replaces results() by those of a checkpoint, in the order of the deck.
  void take_results(std::vector<MethodResult> results) { results_ = std::move(results); }
  /// Sets the object that can interrupt the methods from now on; it must outlive their runs.
  void set_interruptions(Interruptions& interruptions) { interruptions_ = &interruptions; }
  /// Returns the cost of method k of results(), including the earlier methods that provided its
  /// starts, in gradient evaluations (half of all forward, adjoint and tangent solves). [local
  /// problem]
  std::vector<double> evaluations(std::size_t k) const;
  /// Returns the index of the method that provided the starts of method k; empty: none.
  std::optional<std::size_t> earlier_method(std::size_t k) const;
  /// Returns the seconds of method k, including the methods that provided the starts.
  double seconds(std::size_t k) const;
  /// Returns L_ref, the median misfit at the start. Collective.
  double loss_reference() const;
  /// Returns the result of a method before its first step.
  MethodResult empty_result(const MethodTraits& traits = {}) const;
  /// Returns the input of a method called `name`. Collective.
  Task task(const std::string& name, Objective& objective, MethodResult& result);
  /// Makes the objective of the local problems, with or without the faults of [fault].
  Objective objective(bool with_faults = true);

 private:
  /// jpo::solve or jpo::restore.
  using Loop = void(Method&, const Task&, Interruptions&);
  void run(const MethodDeck& method, Loop& loop);
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
  std::vector<double> reference_;
  bool has_reference_ = false;
  std::vector<double> loss_at_centre_;
  std::vector<MethodResult> results_;
  std::unique_ptr<Interruptions> no_interruptions_ = std::make_unique<Interruptions>();
  Interruptions* interruptions_ = no_interruptions_.get();
};

/// Returns the largest number of ranks that have work: the number of micro-batches.
std::int64_t max_useful_ranks(const Deck& deck);

}  // namespace jpo
