#include "network/architecture.hpp"

#include <algorithm>
#include <stdexcept>

namespace jpo {
namespace {

std::vector<ArchitectureEntry>& architectures() {
  static std::vector<ArchitectureEntry> entries;
  return entries;
}

}  // namespace

const std::vector<ArchitectureEntry>& registered_architectures() {
  return architectures();
}

const ArchitectureEntry& architecture_entry(const std::string& name) {
  const auto found = std::ranges::find(architectures(), name, &ArchitectureEntry::name);
  if (found == architectures().end()) throw std::logic_error("no architecture " + name);
  return *found;
}

void register_architecture(ArchitectureEntry entry) {
  const auto after =
      std::ranges::upper_bound(architectures(), entry.name, {}, &ArchitectureEntry::name);
  architectures().insert(after, std::move(entry));
}

ArchitectureSettings::ArchitectureSettings() {
  for (const ArchitectureEntry& entry : architectures())
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
