#include "methods/method.hpp"

#include <algorithm>

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
  return *std::ranges::find(methods(), kind, &MethodEntry::kind);
}

void register_method(MethodEntry entry) {
  const auto after = std::ranges::upper_bound(methods(), entry.kind, {}, &MethodEntry::kind);
  methods().insert(after, std::move(entry));
}

}  // namespace jpo
