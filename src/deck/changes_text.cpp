#include "deck/changes_text.hpp"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "deck/binding.hpp"
#include "deck/resolved.hpp"

namespace jpo {
namespace {

template <class T>
std::string scalar_text(T value) {
  return toml_value(&value);
}

// Only for the types that a deck can have; others are refused when the variant is read.
std::string value_text(const toml::node& node) {
  if (const auto* value = node.as_boolean()) return scalar_text(value->get());
  if (const auto* value = node.as_integer()) return scalar_text(value->get());
  if (const auto* value = node.as_floating_point()) return scalar_text(value->get());
  if (const auto* value = node.as_string()) return scalar_text(value->get());
  std::vector<std::string> parts;
  if (const toml::array* values = node.as_array())
    for (const toml::node& value : *values) parts.push_back(value_text(value));
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

void append_changes(const toml::table& changes, const std::string& prefix, std::string& text) {
  for (const auto& [key, node] : changes) {
    const std::string dotted = prefix + key_text(std::string(key.str()));
    if (const toml::table* table = node.as_table())
      append_changes(*table, dotted + ".", text);
    else
      text += fmt::format("{} = {}\n", dotted, value_text(node));
  }
}

}  // namespace

std::string changes_text(const toml::table& changes) {
  std::string text;
  append_changes(changes, "", text);
  return text;
}

std::string key_text(const std::string& name) {
  if (is_name(name) && name.find('+') == std::string::npos) return name;
  std::string copy = name;
  return toml_value(&copy);
}

}  // namespace jpo
