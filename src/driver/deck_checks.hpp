#pragma once
#include <cstdint>

#include "deck/deck.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// What the reader of decks cannot see: whether models, resolutions and network can be built,
/// whether each method can run on this model with its PETSc options, whether sizes fit and named
/// problems exist. Throws BadInput, before any work.
void check_deck(const Deck& deck, int n_rank);

/// True where one of the deck's methods trains a network.
bool uses_network(const Deck& deck);

/// Weights of that network, 0 where there is none.
std::int64_t count_weights(const Deck& deck, const ModelShape& shape);

}  // namespace jpo
