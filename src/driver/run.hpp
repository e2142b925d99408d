#pragma once
#include <string>

#include "driver/job.hpp"
#include "driver/output/results.hpp"

namespace jpo {

/// How a run starts.
struct RunArguments {
  /// The whole command line.
  std::string command;
  /// Replace an older result, and remove checkpoints.
  bool overwrite = false;
  /// Resume from the newest checkpoint.
  bool resume = false;
  /// Resume from this checkpoint; empty: none is named.
  std::string resume_from;
  /// The command that resumes this run, for messages.
  std::string resumed_by = "jpo run with --resume";
};

/// Solves a deck's problems, shows the tables and writes the result file: what `jpo run` does once
/// and `jpo study` for every cell. Collective on comm. Throws TooManyFailed after the file is
/// written, CannotWrite if it could not be.
void run_deck(Deck deck, const RunRecord& record, MPI_Comm comm);

/// The same for a deck that has not been checked yet. Also throws BadInput, before any work.
void check_and_run_deck(Deck deck, const RunArguments& arguments, MPI_Comm comm);

}  // namespace jpo
