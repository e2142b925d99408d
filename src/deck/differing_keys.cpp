#include "deck/differing_keys.hpp"

#include <map>
#include <optional>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "deck/binding.hpp"

namespace jpo {
namespace {

using Flat = std::map<std::string, std::string>;

void flatten_table(const toml::table& table, const std::string& section, Flat& flat) {
  for (const auto& [key, node] : table)
    flat[fmt::format("{}.{}", section, key.str())] = text_of(node);
}

// Returns dotted keys and their values, those of the first `n_method` methods as method.NAME.key,
// and the order of these methods. Returns nothing if the text is not TOML.
std::optional<Flat> flatten(const std::string& text, std::size_t n_method) {
  Flat flat;
  std::size_t n_read = 0;
  try {
    const toml::table deck = toml::parse(text);
    for (const auto& [name, node] : deck) {
      const std::string section(name.str());
      if (const toml::table* table = node.as_table()) flatten_table(*table, section, flat);
      if (const toml::array* methods = node.as_array()) {
        for (const toml::node& entry : *methods) {
          const toml::table* method = entry.as_table();
          if (method == nullptr || ++n_read > n_method) continue;
          const std::string label = (*method)["name"].value_or(std::string());
          flatten_table(*method, section + "." + label, flat);
          std::string& order = flat["order of the methods"];
          order += (order.empty() ? "" : " ") + label;
        }
      }
    }
  } catch (const toml::parse_error&) {
    return std::nullopt;
  }
  return flat;
}

}  // namespace

std::vector<std::string> differing_keys(const std::string& deck, const std::string& stored,
                                        const std::set<std::string>& ignored,
                                        std::size_t n_method) {
  const std::optional<Flat> a = flatten(deck, n_method);
  const std::optional<Flat> b = flatten(stored, n_method);
  if (!a || !b) return {"the whole deck"};
  const auto value = [](const Flat& flat, const std::string& key) {
    const auto found = flat.find(key);
    return found == flat.end() ? std::string("nothing") : found->second;
  };
  Flat all = *a;
  all.insert(b->begin(), b->end());
  std::vector<std::string> differing;
  for (const auto& [key, unused] : all)
    if (!ignored.contains(key) && value(*a, key) != value(*b, key))
      differing.push_back(
          fmt::format("{} ({} in the deck, {} in the file)", key, value(*a, key), value(*b, key)));
  return differing;
}

}  // namespace jpo
