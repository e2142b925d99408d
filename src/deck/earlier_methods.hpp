#pragma once
// Keys of a method that refer to earlier methods of the deck.

#include <string>
#include <vector>

#include <toml++/toml.h>

#include "deck/deck.hpp"

namespace jpo {

/// Throws BadInput if a key of `method` names a method that is not in `earlier`, or uses more
/// answers than its start method keeps. Locations for messages come from `table`, the method's TOML
/// in the deck `file`.
void check_earlier_methods(const MethodDeck& method, const std::vector<MethodDeck>& earlier,
                           const toml::table& table, const std::string& file);

}  // namespace jpo
