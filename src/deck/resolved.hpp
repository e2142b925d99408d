#pragma once
#include <string>

#include "core/settings.hpp"
#include "deck/deck.hpp"

namespace jpo {

/// Returns a field's value as TOML. Reading it gives the same value.
std::string toml_value(const Field& field);

/// Returns the text of a deck with every key: sections in the catalogue's order, the study's
/// variants, then model, methods and petsc.
std::string resolved_text(const Deck& deck, const Catalogue& catalogue);

}  // namespace jpo
