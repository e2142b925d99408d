#pragma once
#include "driver/job.hpp"
#include "driver/results.hpp"
#include "driver/verbs.hpp"

namespace jpo {

/// Solves a deck's problems, shows the tables and writes the result file: what `jpo run` does once
/// and `jpo study` for every cell. Collective on comm. Throws TooManyFailed after the file is
/// written, CannotWrite where it could not be.
void run_deck(Deck deck, const RunRecord& record, MPI_Comm comm);

/// The same for a deck that nothing has checked yet. Throws BadInput before any work as well.
void check_and_run_deck(Deck deck, const RunArguments& arguments, MPI_Comm comm);

}  // namespace jpo
