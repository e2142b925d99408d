#include "deck/resolved.hpp"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "deck/changes_text.hpp"
#include "deck/settings_text.hpp"

namespace jpo {
namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\')
      result += fmt::format("\\{}", letter);
    else if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f)
      result += fmt::format("\\u{:04x}", static_cast<unsigned char>(letter));
    else
      result += letter;
  }
  return result + "\"";
}

std::string text_of(bool value) {
  return value ? "true" : "false";
}
std::string text_of(std::int64_t value) {
  return fmt::format("{}", value);
}
std::string text_of(const std::string& value) {
  return quoted(value);
}
std::string text_of(double value) {
  // The shortest text from which the same value is read.
  std::string text = fmt::format("{}", value);
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}
template <class T>
std::string text_of(const std::vector<T>& values) {
  std::vector<std::string> parts;
  for (const T& value : values) parts.push_back(text_of(value));
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

}  // namespace

std::string toml_value(const Field& field) {
  return std::visit([](const auto* value) { return text_of(*value); }, field);
}

std::string resolved_text(const Deck& deck, const Catalogue& catalogue) {
  std::string text;
  for (const Catalogue::Section& section : catalogue.sections)
    text += fmt::format("[{}]\n{}\n", section.name, settings_text(*deck.sections.at(section.name)));
  for (const StudyVariant& variant : deck.variants)
    text += fmt::format("[study.variants.{}]\n{}\n", key_text(variant.name), variant.changes);
  text +=
      fmt::format("[model]\nname = {}\n{}", quoted(deck.model_name), settings_text(*deck.model));
  for (const MethodDeck& method : deck.methods)
    text += fmt::format("\n[[method]]\nname = {}\nkind = {}\n{}", quoted(method.name),
                        quoted(method.kind), settings_text(*method.settings));
  if (!deck.petsc.empty()) text += "\n[petsc]\n";
  for (const auto& [option, value] : deck.petsc)
    text += fmt::format("{} = {}\n", quoted(option), quoted(value));
  return text;
}

}  // namespace jpo
