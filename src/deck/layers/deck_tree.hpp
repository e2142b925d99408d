#pragma once
// The TOML of a deck, put together from its layers: bases, the deck itself, overrides, a variant.
// Every node keeps the file, line and column it was read from.

#include <string>
#include <vector>

#include <toml++/toml.h>

#include "deck/deck.hpp"

namespace jpo {

/// One table of [study.variants].
struct VariantTree {
  std::string name;
  /// Sections of the deck; methods by name: method.NAME.key.
  toml::table changes;
};

struct DeckTree {
  /// Without base, methods and study.variants.
  toml::table table;
  /// In deck order.
  std::vector<VariantTree> variants;
};

/// Throws BadInput if the text is not TOML.
toml::table parse_deck(const DeckFile& file);

/// The value of the key base, a string; nullptr if the deck has none. Throws BadInput.
const toml::node* base_of(const toml::table& deck);

/// Lays each deck over its base: sections key by key, methods by name. Throws BadInput.
DeckTree merge_files(const DeckFiles& files);

/// Puts methods, TOML of [[method]] blocks, before those of the deck.
void put_in_front(const std::string& methods, DeckTree& deck);

/// Applies changes of the deck's form, but with methods by name: method.NAME.key. Throws BadInput.
void apply_changes(toml::table changes, DeckTree& deck);

/// Makes the deck one run of its study: applies the variant of this name ("": none) and removes
/// [study]. Throws BadInput.
void apply_variant(const std::string& name, DeckTree& deck);

/// Name of a [[method]] entry: its kind if it has no name, empty if it has neither.
std::string label_of(const toml::node& method);

}  // namespace jpo
