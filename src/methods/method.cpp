#include "methods/method.hpp"

#include <algorithm>
#include <stdexcept>

namespace jpo {
namespace {

std::vector<MethodEntry>& methods() {
  static std::vector<MethodEntry> entries;
  return entries;
}

}  // namespace

const std::vector<MethodEntry>& registered_methods() {
  return methods();
}

const MethodEntry& method_entry(const std::string& kind) {
  const auto found = std::ranges::find(methods(), kind, &MethodEntry::kind);
  if (found == methods().end()) throw std::logic_error("no method of kind " + kind);
  return *found;
}

void register_method(MethodEntry entry) {
  const auto after = std::ranges::upper_bound(methods(), entry.kind, {}, &MethodEntry::kind);
  methods().insert(after, std::move(entry));
}

}  // namespace jpo
