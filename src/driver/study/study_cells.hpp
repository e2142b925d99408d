#pragma once
// The table of runs that a deck's [study] describes.

#include <cstdint>
#include <string>
#include <vector>

#include <mpi.h>

#include "deck/deck.hpp"

namespace jpo {

/// One run of a study: a job of its own, with its own deck and result file.
struct StudyCell {
  std::string variant;
  std::int64_t n_problem;
  std::int64_t seed;
  /// Of its result file.
  std::string path;
  /// With the variant, without [study]
  Deck deck;
};

/// True if the deck asks for more than its one run.
bool has_study(const Deck& deck);

/// Every variant at every size with every seed, variants slowest, seeds fastest. Reads and checks
/// all decks, for the ranks of comm, so that nothing is refused later: throws BadInput naming the
/// variant. Collective on comm.
std::vector<StudyCell> study_cells(const DeckFiles& files,
                                   const std::vector<std::string>& overrides, MPI_Comm comm);

/// "12 cells: 2 variants x 3 sizes x 2 seeds, in runs/name".
std::string study_text(const Deck& deck);

}  // namespace jpo
