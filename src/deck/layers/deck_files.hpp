#pragma once
// The files of a deck: the deck itself, its base, the base of its base, and so on.

#include <string>

#include "deck/deck.hpp"

namespace jpo {

/// Reads the deck at `path` and its bases. Throws BadInput if a file cannot be read, is not TOML,
/// or is its own base. Not collective.
DeckFiles read_deck_files(const std::string& path);

/// Reads the bases of a deck whose text is known; the deck is the first of the returned files.
DeckFiles read_bases(DeckFile deck);

}  // namespace jpo
