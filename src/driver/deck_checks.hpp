#pragma once
#include <cstdint>

#include <mpi.h>

#include "deck/deck.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// Checks that the reader of decks cannot make: models, resolutions and the network can be built;
/// each method can run on this model with its PETSc options; sizes fit on the ranks of comm; named
/// problems exist; files that methods read match the deck. Throws BadInput before any work.
/// Collective on comm.
void check_deck(const Deck& deck, MPI_Comm comm);

/// The part of check_deck about the problems, the network and the sizes. Returns true if the true
/// parameters of the problems are known. Throws BadInput. Collective on comm.
bool check_problems_and_sizes(const Deck& deck, const ModelShape& shape, MPI_Comm comm);

/// Returns true if a method of the deck trains a network.
bool uses_network(const Deck& deck);

/// Returns the number of weights of that network; 0 if no method trains one.
std::int64_t count_weights(const Deck& deck, const ModelShape& shape);

}  // namespace jpo
