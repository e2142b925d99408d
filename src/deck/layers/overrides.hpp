#pragma once
#include <string>

#include <toml++/toml.h>

namespace jpo {

/// Parses "section.key=value" into TOML, with methods by name: method.NAME.key. The location in
/// messages is "--set section.key". Throws BadInput if the text is malformed.
toml::table parse_override(const std::string& text);

}  // namespace jpo
