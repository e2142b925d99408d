#include "deck/key_attributes.hpp"

namespace jpo {
namespace {

void add_keys_without_effect(const std::string& section, Settings& settings,
                             std::set<std::string>& names) {
  KeyTable keys;
  settings.describe(keys);
  for (const Key& key : keys.keys()) {
    if (key.rule.affects_result) continue;
    names.insert(section + "." + key.name);
    if (!key.rule.old_name.empty()) names.insert(section + "." + key.rule.old_name);
  }
}

}  // namespace

std::set<std::string> keys_without_effect(const Deck& deck) {
  std::set<std::string> names = {"study.variants"};
  for (const auto& [section, settings] : deck.sections)
    add_keys_without_effect(section, *settings, names);
  add_keys_without_effect("model", *deck.model, names);
  for (const MethodDeck& method : deck.methods)
    add_keys_without_effect("method." + method.name, *method.settings, names);
  return names;
}

std::string start_method(const MethodDeck& method) {
  KeyTable keys;
  method.settings->describe(keys);
  for (const Key& key : keys.keys())
    if (key.rule.earlier_method == EarlierMethod::start) return *std::get<std::string*>(key.field);
  return "";
}

std::vector<std::string> earlier_methods(const MethodDeck& method) {
  KeyTable keys;
  method.settings->describe(keys);
  std::vector<std::string> names;
  for (const Key& key : keys.keys()) {
    if (key.rule.earlier_method == EarlierMethod::none) continue;
    const std::string& name = *std::get<std::string*>(key.field);
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

}  // namespace jpo
