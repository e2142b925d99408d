#pragma once
// From a TOML table to the fields of a settings struct, strictly.

#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "core/settings.hpp"

namespace jpo {

/// Prefix of the source path of TOML that does not come from a file: "--set KEY".
constexpr std::string_view kOverrideLocation = "--set ";

/// "FILE:LINE:COL" of a region, "--set KEY" for an override; `file` if it has no source.
std::string source_location(const std::string& file, const toml::source_region& region);

/// Throws BadInput: "PLACE: key 'KEY': WHAT[; allowed: ALLOWED][; did you mean 'NEAR'?]".
[[noreturn]] void refuse(const std::string& location, const std::string& key,
                         const std::string& what, const std::string& allowed = "",
                         const std::string& near = "");

/// What a key allows, in words: "integer >= 1", "one of exact, fast", ...
std::string allowed_text(const Key& key);

/// Fills the fields of `settings` from `table` and checks every rule. `others`: keys that the
/// section may have beside those of the struct (name and kind of a method).
void read_settings(const toml::table& table, const std::string& section, const std::string& file,
                   Settings& settings, const std::vector<std::string>& others = {});

/// Letters, digits, _ + - and those of `extra`; not empty.
bool is_name(const std::string& text, const std::string& extra = "");

/// So much of what a deck holds is shown in a message.
constexpr std::size_t kValueBytes = 80;

/// A value as TOML would write it, for messages.
std::string text_of(const toml::node& node);

}  // namespace jpo
