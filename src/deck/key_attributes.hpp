#pragma once
// The attributes of keys (core/settings.hpp), evaluated for a whole deck.

#include <set>
#include <string>

#include "deck/deck.hpp"

namespace jpo {

/// The dotted keys of the deck that change no result, with their old names, and study.variants.
std::set<std::string> keys_without_effect(const Deck& deck);

/// Name of the earlier method whose answers are the method's starts; empty if there is none.
std::string start_method(const MethodDeck& method);

}  // namespace jpo
