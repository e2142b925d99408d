#pragma once
#include <string>

#include <toml++/toml.h>

namespace jpo {

/// The changes of a variant as TOML, one line a key: network.hidden = [256, 256].
std::string changes_text(const toml::table& changes);

/// A name as a key of TOML, in quotes if it needs them.
std::string key_text(const std::string& name);

}  // namespace jpo
