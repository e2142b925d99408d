#pragma once
#include <string>
#include <vector>

#include "driver/job.hpp"
#include "driver/lock/output_lock.hpp"
#include "driver/output/results.hpp"

namespace jpo {

/// The command line of a run.
struct RunArguments {
  /// The whole command line.
  std::string command;
  /// Replaces an older result and removes its checkpoints.
  bool overwrite = false;
  /// Resumes from the newest checkpoint.
  bool resume = false;
  /// Checkpoint to resume from; empty if none is named.
  std::string resume_from;
  /// Resumes from a checkpoint of another build of the program.
  bool accept_other_build = false;
  /// The command that resumes this run, for messages.
  std::string resumed_by = "jpo run with --resume";
};

/// Removes all methods but those of `only` and the earlier methods that they refer to. Throws
/// BadInput if a name is not a method of the deck.
Deck select_methods(Deck deck, const std::vector<std::string>& only);

/// Solves the problems of a deck, prints the tables and writes the result file. `jpo run` calls
/// this once, `jpo study` once per cell. `lock` is that of the deck. Collective on comm. Throws
/// TooManyFailed after the file is written, and CannotWrite if it cannot be written.
void run_deck(Deck deck, const RunRecord& record, const OutputLock& lock, MPI_Comm comm);

/// Checks the deck, then calls run_deck. Throws BadInput before any work. Collective on comm.
void check_and_run_deck(Deck deck, const RunArguments& arguments, MPI_Comm comm);

}  // namespace jpo
