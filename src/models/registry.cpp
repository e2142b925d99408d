#include "models/registry.hpp"

#include "core/registry.hpp"

namespace jpo {
namespace {

auto& models() {
  static Registry<ModelEntry, &ModelEntry::name> registry("model");
  return registry;
}

}  // namespace

const std::vector<ModelEntry>& registered_models() {
  return models().entries();
}

const ModelEntry* find_model(const std::string& name) {
  return models().find(name);
}

void register_model(ModelEntry entry) {
  models().add(std::move(entry));
}

}  // namespace jpo
