#pragma once
// Attributes of the keys of a whole deck (core/settings.hpp).

#include <set>
#include <string>
#include <vector>

#include "deck/deck.hpp"

namespace jpo {

/// Returns the dotted keys of the deck that change no result, their old names, and study.variants.
std::set<std::string> keys_without_effect(const Deck& deck);

/// Returns the name of the earlier method whose answers are the method's starts; empty if there is
/// none.
std::string start_method(const MethodDeck& method);

/// Returns the names of all earlier methods that the keys of a method refer to.
std::vector<std::string> earlier_methods(const MethodDeck& method);

}  // namespace jpo
