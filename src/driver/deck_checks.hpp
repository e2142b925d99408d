#pragma once
#include <cstdint>

#include <mpi.h>

#include "deck/deck.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// What the reader of decks cannot see: whether models, resolutions and network can be built,
/// whether each method can run on this model with its PETSc options, whether sizes fit on the ranks
/// of comm, named problems exist, and files that methods read fit. Throws BadInput, before any
/// work. Collective on comm.
void check_deck(const Deck& deck, MPI_Comm comm);

/// True where one of the deck's methods trains a network.
bool uses_network(const Deck& deck);

/// Weights of that network, 0 where there is none.
std::int64_t count_weights(const Deck& deck, const ModelShape& shape);

}  // namespace jpo
