#include "deck/overrides.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/errors.hpp"
#include "deck/deck.hpp"

namespace jpo {
namespace {

struct Override {
  std::string path;  ///< section, or method.NAME
  std::string key;
  std::string value;
};

Override split(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string left = text.substr(0, equals);
  const std::size_t dot = left.starts_with("petsc.") ? 5 : left.rfind('.');
  if (equals == std::string::npos || dot == std::string::npos || dot == 0 || dot + 1 == left.size())
    throw BadInput(
        fmt::format("--set {}: expected section.key=value, or method.NAME.key=value", text));
  return {left.substr(0, dot), left.substr(dot + 1), text.substr(equals + 1)};
}

// TOML where it is TOML, a string otherwise.
void put(toml::table& table, const std::string& key, const std::string& value) {
  toml::table parsed;
  try {
    parsed = toml::parse("value = " + value);
  } catch (const toml::parse_error&) {
    parsed.clear();
  }
  if (parsed.size() == 1)
    table.insert_or_assign(key, std::move(*parsed.get("value")));
  else
    table.insert_or_assign(key, value);
}

toml::table& method_named(toml::table& deck, const std::string& name, const std::string& text) {
  std::vector<std::string> known;
  if (toml::array* methods = deck["method"].as_array()) {
    for (toml::node& node : *methods) {
      toml::table* method = node.as_table();
      if (method == nullptr) continue;
      const std::string here =
          (*method)["name"].value_or((*method)["kind"].value_or(std::string()));
      if (here == name) return *method;
      known.push_back(here);
    }
  }
  const std::string near = nearest_name(name, known);
  throw BadInput(fmt::format("--set {}: no method of that name; allowed: {}{}", text,
                             fmt::join(known, ", "),
                             near.empty() ? "" : "; did you mean '" + near + "'?"));
}

toml::table& section_named(toml::table& deck, const std::string& name, const std::string& text) {
  if (deck.get(name) == nullptr) deck.insert(name, toml::table{});
  toml::table* section = deck[name].as_table();
  if (section == nullptr)
    throw BadInput(
        fmt::format("--set {}: '{}' is not a section; a method is method.NAME", text, name));
  return *section;
}

}  // namespace

void apply_overrides(const std::vector<std::string>& overrides, toml::table& deck, Source& source) {
  constexpr std::string_view method_prefix = "method.";
  for (const std::string& text : overrides) {
    const Override parts = split(text);
    const bool is_method = parts.path.starts_with(method_prefix);
    toml::table& table = is_method
                             ? method_named(deck, parts.path.substr(method_prefix.size()), text)
                             : section_named(deck, parts.path, text);
    put(table, parts.key, parts.value);
    source.overridden.insert(parts.path + "." + parts.key);
  }
}

}  // namespace jpo
