#pragma once
// The TOML of a deck, merged from its layers: bases, the deck itself, overrides, a variant. Every
// node keeps its file, line and column.

#include <string>
#include <vector>

#include <toml++/toml.h>

#include "deck/deck.hpp"

namespace jpo {

/// One table of [study.variants].
struct VariantTree {
  std::string name;
  /// Sections of the deck. Methods are addressed by name: method.NAME.key.
  toml::table changes;
};

struct DeckTree {
  /// TOML of the deck without the keys base, methods and study.variants.
  toml::table table;
  /// In deck order.
  std::vector<VariantTree> variants;
};

/// Throws BadInput if the text is not TOML.
toml::table parse_deck(const DeckFile& file);

/// Returns the value of the key base; nullptr if the deck has none. Throws BadInput if it is not a
/// string.
const toml::node* base_of(const toml::table& deck);

/// Merges each deck with its base: sections key by key, methods by name. Throws BadInput.
DeckTree merge_files(const DeckFiles& files);

/// Inserts methods, given as TOML of [[method]] blocks, before the methods of the deck.
void put_in_front(const std::string& methods, DeckTree& deck);

/// Applies changes: TOML as in a deck, but with methods by name, method.NAME.key. Throws BadInput.
void apply_changes(toml::table changes, DeckTree& deck);

/// Makes the deck one run of its study: applies the variant of this name ("" for none) and removes
/// [study]. Throws BadInput.
void apply_variant(const std::string& name, DeckTree& deck);

/// Returns the name of a [[method]] entry: its kind if it has no name, empty if it has neither.
std::string label_of(const toml::node& method);

}  // namespace jpo
