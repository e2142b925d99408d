#pragma once
#include <string>

#include "core/settings.hpp"
#include "deck/deck.hpp"

namespace jpo {

/// A field's value as TOML; reading it gives the same value.
std::string toml_value(const Field& field);

/// The whole deck with every key: sections in the catalogue's order, the study's variants, then
/// model, methods, petsc.
std::string resolved_text(const Deck& deck, const Catalogue& catalogue);

}  // namespace jpo
