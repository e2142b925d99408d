#include "deck/layers/overrides.hpp"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/errors.hpp"
#include "deck/binding.hpp"
#include "deck/resolved.hpp"

namespace jpo {
namespace {

constexpr std::string_view kVariants = "study.variants.";

// Splits a key at its dots. Dots of a PETSc option are part of its name. Returns an empty list if
// the text is not a key.
std::vector<std::string> split_key(const std::string& key) {
  if (key == "methods") return {key};
  if (key.starts_with(kVariants)) {
    const std::string rest = key.substr(kVariants.size());
    const std::size_t dot = rest.find('.');
    std::vector<std::string> names = {"study", "variants", rest.substr(0, dot)};
    if (dot == std::string::npos) return names;
    const std::vector<std::string> inner = split_key(rest.substr(dot + 1));
    if (inner.empty()) return {};
    names.insert(names.end(), inner.begin(), inner.end());
    return names;
  }
  const std::size_t dot = key.starts_with("petsc.") ? 5 : key.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == key.size()) return {};
  const std::string left = key.substr(0, dot);
  const std::string right = key.substr(dot + 1);
  constexpr std::string_view method = "method.";
  if (left.starts_with(method)) return {"method", left.substr(method.size()), right};
  return {left, right};
}

bool is_toml_value(const std::string& text) {
  try {
    return toml::parse("value = " + text).size() == 1;
  } catch (const toml::parse_error&) {
    return false;
  }
}

}  // namespace

toml::table parse_override(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  std::vector<std::string> names = split_key(key);
  if (equals == std::string::npos || names.empty())
    throw BadInput(
        fmt::format("--set {}: expected section.key=value, method.NAME.key=value or "
                    "methods=[\"NAME\", ...]",
                    text));
  std::string value = text.substr(equals + 1);
  if (!is_toml_value(value)) value = toml_value(&value);
  for (std::string& name : names) name = toml_value(&name);
  const std::string location = std::string(kOverrideLocation) + key;
  try {
    return toml::parse(fmt::format("{} = {}", fmt::join(names, "."), value),
                       std::string_view(location));
  } catch (const toml::parse_error& error) {
    throw BadInput(fmt::format("{}: is not valid TOML: {}", location, error.description()));
  }
}

}  // namespace jpo
