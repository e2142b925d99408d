#pragma once
// The cells of a study: the runs that [study] of a deck describes.

#include <cstdint>
#include <string>
#include <vector>

#include <mpi.h>

#include "deck/deck.hpp"

namespace jpo {

/// One run of a study, with its own deck and result file.
struct StudyCell {
  std::string variant;
  std::int64_t n_problem;
  std::int64_t seed;
  /// Path of the result file.
  std::string path;
  /// The deck with the keys of the variant, without [study].
  Deck deck;
};

/// Returns true if [study] of the deck has seeds, sizes or variants.
bool has_study(const Deck& deck);

/// Returns every variant at every size with every seed; variants vary slowest, seeds fastest. Reads
/// and checks all decks, so that no cell is refused later. Throws BadInput with the name of the
/// variant. Collective on comm.
std::vector<StudyCell> study_cells(const DeckFiles& files,
                                   const std::vector<std::string>& overrides, MPI_Comm comm);

/// Returns a summary: "12 cells: 2 variants x 3 sizes x 2 seeds, in runs/name".
std::string study_text(const Deck& deck);

}  // namespace jpo
