#pragma once
#include <string>
#include <vector>

#include <toml++/toml.h>

#include "deck/binding.hpp"

namespace jpo {

/// Writes each "section.key=value" into the deck's table and notes it in `source`.
/// Throws BadInput for one that is malformed or names a method that the deck does not have.
void apply_overrides(const std::vector<std::string>& overrides, toml::table& deck, Source& source);

}  // namespace jpo
