#include "methods/method.hpp"

#include <stdexcept>

#include "core/registry.hpp"

namespace jpo {
namespace {

auto& methods() {
  static Registry<MethodEntry, &MethodEntry::kind> registry("method");
  return registry;
}

}  // namespace

const std::vector<MethodEntry>& registered_methods() {
  return methods().entries();
}

const MethodEntry& method_entry(const std::string& kind) {
  const MethodEntry* entry = methods().find(kind);
  if (entry == nullptr) throw std::logic_error("no method of kind " + kind);
  return *entry;
}

void register_method(MethodEntry entry) {
  methods().add(std::move(entry));
}

}  // namespace jpo
