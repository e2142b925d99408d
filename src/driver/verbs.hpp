#pragma once
// What the verbs of the program do. Each returns the exit code, throws Error for the others.

#include <string>
#include <vector>

#include <mpi.h>

#include "core/errors.hpp"

namespace jpo {

struct DeckArguments {
  std::string path;
  std::vector<std::string> overrides;  ///< --set section.key=value
};

struct RunArguments {
  std::string command;      ///< the whole line
  bool overwrite = false;   ///< replace an older result, and remove checkpoints
  bool resume = false;      ///< go on from the newest checkpoint
  std::string resume_from;  ///< or from this one
  std::string resumed_by = "jpo run with --resume";  ///< what goes on from its own, for messages
};

/// Solves the deck's problems with its methods and writes the result file. Collective. Throws
/// StoppedResumable where it was asked to stop before the end.
ExitCode run(const DeckArguments& deck, const RunArguments& arguments, MPI_Comm comm);

struct StudyArguments {
  DeckArguments deck;
  bool overwrite = false;  ///< run a cell again whose file is of another deck
  bool list_only = false;  ///< print the table of runs and run nothing
};

/// Runs every cell of the deck's [study] that has no result file yet. Collective. Throws
/// TooManyFailed at the end where a cell did.
ExitCode study(const StudyArguments& arguments, const std::string& command, MPI_Comm comm);

struct EvaluateArguments {
  std::string result;   ///< of the run that trained the network
  std::string network;  ///< its name; empty: the only one
  DeckArguments deck;
  std::string output;  ///< path of the new result file; empty: as the deck says
  bool overwrite = false;
};

/// Solves the deck's problems as `run` does, with a first method named "predict": the answers of a
/// network that an earlier run has trained. Collective.
ExitCode evaluate(const EvaluateArguments& arguments, const std::string& command, MPI_Comm comm);

/// Validates a deck, prints it resolved, its sizes and memory; runs nothing.
ExitCode check(const DeckArguments& arguments, MPI_Comm comm);
/// Prints every key that a deck can have.
ExitCode check_keys();

/// Gradient checks of the deck's model and of the chain through the network; prints a table.
/// `gradient_factor` other than 1 spoils the gradient on purpose: the checks must then fail.
ExitCode verify(const DeckArguments& arguments, double gradient_factor, MPI_Comm comm);

/// Looks at the place where a run is to be, and prints what to change; with a deck, against what
/// that deck needs. Leaves nothing behind. At the end throws CannotWrite where a run
/// could not write, Error with code 3 where it would fail otherwise. Collective.
ExitCode doctor(const DeckArguments& arguments, MPI_Comm comm);

/// Lists the registered models.
ExitCode list_models();

/// Version, revision, libraries.
ExitCode show_version();

}  // namespace jpo
