#include "deck/settings_text.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "core/errors.hpp"
#include "deck/binding.hpp"
#include "deck/resolved.hpp"

namespace jpo {

std::string settings_text(Settings& settings) {
  KeyTable table;
  settings.describe(table);
  std::string text;
  for (const Key& key : table.keys())
    text += fmt::format("{} = {}\n", key.name, toml_value(key.field));
  return text;
}

void read_settings_text(const std::string& text, const std::string& file,
                        const std::string& section, Settings& settings) {
  try {
    read_settings(toml::parse(text, file), section, file, settings);
  } catch (const toml::parse_error& error) {
    throw BadInput(
        fmt::format("{}: [{}] is not valid TOML: {}", file, section, error.description()));
  }
}

}  // namespace jpo
