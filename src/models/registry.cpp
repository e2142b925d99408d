#include "models/registry.hpp"

#include <algorithm>

namespace jpo {
namespace {

// Filled before main. A static of a function exists when the first registration needs it.
std::vector<ModelEntry>& entries() {
  static std::vector<ModelEntry> all;
  return all;
}

}  // namespace

const std::vector<ModelEntry>& registered_models() {
  return entries();
}

const ModelEntry* find_model(const std::string& name) {
  const auto found = std::ranges::find(entries(), name, &ModelEntry::name);
  return found == entries().end() ? nullptr : &*found;
}

void register_model(ModelEntry entry) {
  const auto position = std::ranges::lower_bound(entries(), entry.name, {}, &ModelEntry::name);
  entries().insert(position, std::move(entry));
}

}  // namespace jpo
