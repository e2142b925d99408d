#pragma once
#include <map>
#include <memory>
#include <string>

#include "models/registry.hpp"

namespace jpo {

/// Returns a registered model. `values` are keys and values of its section, as in a deck.
inline std::unique_ptr<ForwardModel> make_test_model(
    const std::string& name, const std::map<std::string, std::string>& values,
    Resolution resolution = Resolution::inversion, MemorySpace space = MemorySpace::host) {
  const ModelEntry& entry = *find_model(name);
  const auto settings = entry.make_settings();
  KeyTable table;
  settings->describe(table);
  for (const Key& key : table.keys()) {
    const auto found = values.find(key.name);
    if (found == values.end()) continue;
    if (const auto* text = std::get_if<std::string*>(&key.field)) **text = found->second;
    if (const auto* flag = std::get_if<bool*>(&key.field)) **flag = found->second == "true";
    if (const auto* number = std::get_if<double*>(&key.field)) **number = std::stod(found->second);
    if (const auto* whole = std::get_if<std::int64_t*>(&key.field))
      **whole = std::stoll(found->second);
  }
  settings->check();
  BuildOptions options;
  options.resolution = resolution;
  options.space = space;
  return entry.make_model(*settings, options);
}

}  // namespace jpo
