#pragma once
#include <string>

#include "core/settings.hpp"

namespace jpo {

/// Returns the settings as TOML, one line "key = value" per key, without the section's title.
std::string settings_text(Settings& settings);

/// Reads the text of settings_text. Keys that are missing keep their defaults. Throws BadInput as
/// for a deck, with `file` at the beginning of the message.
void read_settings_text(const std::string& text, const std::string& file,
                        const std::string& section, Settings& settings);

}  // namespace jpo
