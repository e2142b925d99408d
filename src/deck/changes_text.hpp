#pragma once
#include <string>

#include <toml++/toml.h>

namespace jpo {

/// Returns the changes of a variant as TOML, one line per key: network.hidden = [256, 256].
std::string changes_text(const toml::table& changes);

/// Returns a name as a TOML key, in quotes if necessary.
std::string key_text(const std::string& name);

}  // namespace jpo
