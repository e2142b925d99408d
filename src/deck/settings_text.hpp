#pragma once
#include <string>

#include "core/settings.hpp"

namespace jpo {

/// "key = value" lines, one a key, as TOML: a section of a resolved deck without its title.
std::string settings_text(Settings& settings);

/// The reverse; a key that the text does not have keeps its default. Throws BadInput, with `file`
/// in front, as for a deck.
void read_settings_text(const std::string& text, const std::string& file,
                        const std::string& section, Settings& settings);

}  // namespace jpo
