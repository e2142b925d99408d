#include "deck/study_settings.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "deck/binding.hpp"

namespace jpo {
namespace {

constexpr std::string_view kForm = "\"NAME: section.key=value; method.NAME.key=value; ...\"";

[[noreturn]] void refuse_variants(const std::string& what, std::string_view allowed) {
  throw BadInput(fmt::format("key 'study.variants': {}; allowed: {}", what, allowed));
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

// Cuts at semicolons outside TOML's quotes.
std::vector<std::string> split_overrides(std::string_view text) {
  std::vector<std::string> parts(1);
  char quote = '\0';
  for (std::size_t k = 0; k < text.size(); ++k) {
    const char letter = text[k];
    if (quote == '\0' && letter == ';') {
      parts.emplace_back();
      continue;
    }
    parts.back() += letter;
    if (quote == '\0' && (letter == '"' || letter == '\''))
      quote = letter;
    else if (letter == quote)
      quote = '\0';
    else if (quote == '"' && letter == '\\' && k + 1 < text.size())
      parts.back() += text[++k];
  }
  if (quote != '\0')
    refuse_variants(fmt::format("a quote is not closed in \"{}\"", trimmed(text)), kForm);
  return parts;
}

// "a.b = c" as "a.b=c": --set takes no blanks around the key.
std::string without_blanks(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return trimmed(text);
  return trimmed(text.substr(0, equals)) + "=" + trimmed(text.substr(equals + 1));
}

// What makes a cell a cell is the study's to set.
void refuse_own_keys(const StudyVariant& variant) {
  constexpr std::array<std::string_view, 3> own = {"run.seed", "run.output", "data.n_problem"};
  for (const std::string& text : variant.overrides) {
    const std::string key = text.substr(0, text.find('='));
    if (std::ranges::find(own, key) != own.end() || key.starts_with("study."))
      refuse_variants(fmt::format("variant \"{}\" sets '{}'", variant.name, key),
                      "any key but those of [study] and what it sets itself: run.seed by seeds, "
                      "data.n_problem by sizes, run.output by output");
  }
}

template <class T>
void refuse_twice(const std::vector<T>& values, const std::string& key) {
  std::set<T> seen;
  for (const T& value : values)
    if (!seen.insert(value).second)
      throw BadInput(
          fmt::format("key 'study.{}': {} stands there twice; allowed: each once", key, value));
}

}  // namespace

StudyVariant parse_variant(const std::string& text) {
  const std::size_t colon = text.find(':');
  StudyVariant variant{trimmed(text.substr(0, colon)), {}};
  if (!is_name(variant.name))
    refuse_variants(
        fmt::format("\"{}\" is not the name of a variant, in \"{}\"", variant.name, text),
        fmt::format("{}, the name of letters, digits, _ + -", kForm));
  if (colon == std::string::npos) return variant;
  for (const std::string& part : split_overrides(text.substr(colon + 1)))
    if (!trimmed(part).empty()) variant.overrides.push_back(without_blanks(part));
  refuse_own_keys(variant);
  return variant;
}

void StudySettings::describe(KeyTable& table) {
  table.add(
      "seeds", &seeds,
      {.doc = "run.seed of each run of `jpo study`; empty: the deck's", .min = 0, .max = 9e15});
  table.add("sizes", &sizes,
            {.doc = "data.n_problem of each run; empty: the deck's", .min = 1, .max = 1e12});
  table.add("variants", &variants,
            {.doc = "\"NAME: section.key=value; method.NAME.key=value; ...\", each run at every "
                    "size and seed; empty: one, \"default\""});
  table.add("output", &output,
            {.doc = "directory of the files <variant>_n<size>_seed<seed>.h5; empty: "
                    "runs/<run.name>; other verbs ignore [study]"});
}

std::vector<StudyVariant> StudySettings::parsed_variants() const {
  if (variants.empty()) return {{"default", {}}};
  std::vector<StudyVariant> parsed;
  for (const std::string& text : variants) parsed.push_back(parse_variant(text));
  return parsed;
}

void StudySettings::check() const {
  refuse_twice(seeds, "seeds");
  refuse_twice(sizes, "sizes");
  std::vector<std::string> names;
  for (const StudyVariant& variant : parsed_variants()) names.push_back(variant.name);
  refuse_twice(names, "variants");
}

}  // namespace jpo
