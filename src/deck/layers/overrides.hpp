#pragma once
#include <string>

#include <toml++/toml.h>

namespace jpo {

/// "section.key=value" as TOML, with methods by name: method.NAME.key. Its location in messages is
/// "--set section.key". Throws BadInput if it is malformed.
toml::table parse_override(const std::string& text);

}  // namespace jpo
