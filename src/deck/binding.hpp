#pragma once
// From a TOML table to the fields of a settings struct, strictly.

#include <set>
#include <string>
#include <vector>

#include <toml++/toml.h>

#include "core/settings.hpp"

namespace jpo {

/// Where a deck comes from, for messages.
struct Source {
  std::string file;
  std::set<std::string> overridden;  ///< dotted keys that --set gave
};

/// Says where `key` stands: "FILE:LINE:COL", or "--set KEY".
std::string place_of(const Source& source, const std::string& key,
                     const toml::source_region& region);

/// Throws BadInput: "PLACE: key 'KEY': WHAT[; allowed: ALLOWED][; did you mean 'NEAR'?]".
[[noreturn]] void refuse(const std::string& place, const std::string& key, const std::string& what,
                         const std::string& allowed = "", const std::string& near = "");

/// What a key allows, in words: "integer >= 1", "one of exact, fast", ...
std::string allowed_text(const Key& key);

/// Fills the fields of `settings` from `table` and checks every rule. `ignored`: keys of the table
/// that are not the struct's (name and kind of a method).
void read_settings(const toml::table& table, const std::string& section, const Source& source,
                   Settings& settings, const std::set<std::string>& ignored = {});

/// Letters, digits, _ + - and those of `extra`; not empty.
bool is_name(const std::string& text, const std::string& extra = "");

/// So much of what a deck holds is shown in a message.
constexpr std::size_t kValueBytes = 80;

/// A value as TOML would write it, for messages.
std::string text_of(const toml::node& node);

}  // namespace jpo
