#pragma once
// Keys of a method that refer to methods in front of it.

#include <string>
#include <vector>

#include <toml++/toml.h>

#include "deck/deck.hpp"

namespace jpo {

/// Throws BadInput if a key of `method` names a method that is not one of `earlier`, or uses more
/// answers than the method it starts from keeps. Places come from `table`, the method's TOML in the
/// deck `file`.
void check_earlier_methods(const MethodDeck& method, const std::vector<MethodDeck>& earlier,
                           const toml::table& table, const std::string& file);

}  // namespace jpo
