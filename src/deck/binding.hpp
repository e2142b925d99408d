#pragma once
// Reads a TOML table into the fields of a settings struct and checks every key and value.

#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "core/settings.hpp"

namespace jpo {

/// Prefix of the source path of TOML from the command line: "--set KEY".
constexpr std::string_view kOverrideLocation = "--set ";

/// Returns "FILE:LINE:COL" of a region, "--set KEY" for an override, and `file` if the region has
/// no source.
std::string source_location(const std::string& file, const toml::source_region& region);

/// Throws BadInput: "LOCATION: key 'KEY': WHAT[; allowed: ALLOWED][; did you mean 'NEAR'?]".
[[noreturn]] void refuse(const std::string& location, const std::string& key,
                         const std::string& what, const std::string& allowed = "",
                         const std::string& near = "");

/// Returns the allowed values of a key as text: "integer >= 1", "one of exact, fast", ...
std::string allowed_text(const Key& key);

/// Fills the fields of `settings` from `table` and checks every rule. `others`: further keys that
/// the section may have (name and kind of a method). Throws BadInput.
void read_settings(const toml::table& table, const std::string& section, const std::string& file,
                   Settings& settings, const std::vector<std::string>& others = {});

/// Returns true if `text` is not empty and consists of letters, digits, _ + - and the characters in
/// `extra`.
bool is_name(const std::string& text, const std::string& extra = "");

/// Largest number of bytes of a deck's value that a message shows.
constexpr std::size_t kValueBytes = 80;

/// Returns a value in TOML notation, for messages.
std::string text_of(const toml::node& node);

}  // namespace jpo
