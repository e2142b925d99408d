#include "network/architecture.hpp"

#include <stdexcept>

#include "core/registry.hpp"

namespace jpo {
namespace {

auto& architectures() {
  static Registry<ArchitectureEntry, &ArchitectureEntry::name> registry("architecture");
  return registry;
}

}  // namespace

const std::vector<ArchitectureEntry>& registered_architectures() {
  return architectures().entries();
}

const ArchitectureEntry& architecture_entry(const std::string& name) {
  const ArchitectureEntry* entry = architectures().find(name);
  if (entry == nullptr) throw std::logic_error("no architecture " + name);
  return *entry;
}

void register_architecture(ArchitectureEntry entry) {
  architectures().add(std::move(entry));
}

ArchitectureSettings::ArchitectureSettings() {
  for (const ArchitectureEntry& entry : registered_architectures())
    if (entry.make_settings) own_[entry.name] = entry.make_settings();
}

ArchitectureSettings::ArchitectureSettings(const ArchitectureSettings& other) {
  for (const auto& [name, settings] : other.own_)
    own_[name] = architecture_entry(name).copy_settings(*settings);
}

ArchitectureSettings& ArchitectureSettings::operator=(const ArchitectureSettings& other) {
  *this = ArchitectureSettings(other);
  return *this;
}

void ArchitectureSettings::describe(KeyTable& table) {
  for (const auto& [name, settings] : own_) settings->describe(table);
}

}  // namespace jpo
