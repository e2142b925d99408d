#pragma once
#include <map>
#include <memory>
#include <string>

#include "core/settings.hpp"

namespace jpo {

/// The keys of [network] that belong to a single architecture, with the values of the deck. Does
/// not include torch.
class ArchitectureSettings {
 public:
  /// Default values, for all registered architectures.
  ArchitectureSettings();
  ArchitectureSettings(const ArchitectureSettings& other);
  ArchitectureSettings& operator=(const ArchitectureSettings& other);
  ArchitectureSettings(ArchitectureSettings&&) = default;
  ArchitectureSettings& operator=(ArchitectureSettings&&) = default;
  ~ArchitectureSettings() = default;

  void describe(KeyTable& table);
  /// Returns the keys of an architecture, which must have keys of its own.
  const Settings& of(const std::string& architecture) const { return *own_.at(architecture); }

 private:
  std::map<std::string, std::unique_ptr<Settings>> own_;
};

}  // namespace jpo
