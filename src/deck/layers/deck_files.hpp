#pragma once
// The files of a deck: the deck itself, and the decks that it is a variant of.

#include <string>

#include "deck/deck.hpp"

namespace jpo {

/// Reads the deck at `path` and its bases. Throws BadInput if a file cannot be read, is not TOML,
/// or is its own base.
DeckFiles read_deck_files(const std::string& path);

/// The same for a deck whose text is known.
DeckFiles read_bases(DeckFile deck);

}  // namespace jpo
