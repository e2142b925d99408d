#include "deck/deck.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "core/errors.hpp"
#include "deck/binding.hpp"
#include "deck/overrides.hpp"
#include "deck/resolved.hpp"

namespace jpo {
namespace {

toml::table parse(const std::string& text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw BadInput(fmt::format("{}:{}:{}: not valid TOML: {}", file, error.source().begin.line,
                               error.source().begin.column, error.description()));
  }
}

// Methods given as text, before the deck's own.
void put_in_front(const std::string& methods, toml::table& deck) {
  if (methods.empty()) return;
  toml::table first = toml::parse(methods);
  if (!deck.contains("method")) deck.insert("method", toml::array{});
  toml::array* all = deck["method"].as_array();
  if (all == nullptr) return;  // refused by the reader
  std::ptrdiff_t place = 0;
  for (toml::node& method : *first["method"].as_array())
    all->insert(all->cbegin() + place++, std::move(*method.as_table()));
}

std::vector<std::string> names_of(const std::vector<Choice>& choices) {
  std::vector<std::string> names;
  for (const Choice& choice : choices) names.push_back(choice.name);
  return names;
}

// Reads one deck; holds what every step needs.
class Reader {
 public:
  Reader(Source source, const toml::table& table, const Catalogue& catalogue)
      : source_(std::move(source)), table_(table), catalogue_(catalogue) {}

  Deck read() {
    refuse_unknown_sections();
    for (const Catalogue::Section& section : catalogue_.sections) read_section(section);
    read_model();
    read_methods();
    read_petsc();
    deck_.resolved = resolved_text(deck_, catalogue_);
    return std::move(deck_);
  }

 private:
  void refuse_unknown_sections() const {
    std::vector<std::string> known;
    for (const Catalogue::Section& section : catalogue_.sections) known.push_back(section.name);
    known.insert(known.end(), {"model", "method", "petsc"});
    for (const auto& [name, node] : table_) {
      const std::string section(name.str());
      if (std::ranges::find(known, section) == known.end())
        refuse(place_of(source_, section, name.source()), section, "unknown section",
               fmt::format("{}", fmt::join(known, ", ")), nearest_name(section, known));
    }
  }

  const toml::table& section_table(const std::string& name) const {
    static const toml::table empty;
    const toml::node* node = table_.get(name);
    if (node == nullptr) return empty;
    if (const toml::table* section = node->as_table()) return *section;
    refuse(place_of(source_, name, node->source()), name, "is not a section",
           fmt::format("[{}] and its keys below", name));
  }

  void read_section(const Catalogue::Section& section) {
    auto settings = section.make();
    const toml::table& table = section_table(section.name);
    read_settings(table, section.name, source_, *settings);
    deck_.sections[section.name] = std::move(settings);
    for (const auto& [key, node] : table)
      deck_.given.insert(fmt::format("{}.{}", section.name, key.str()));
  }

  // The string under `key` of `table`, which must be one of `choices`.
  const Choice& choice(const toml::table& table, const std::string& section, const std::string& key,
                       const std::vector<Choice>& choices) const {
    const std::vector<std::string> names = names_of(choices);
    const std::string allowed = fmt::format("one of {}", fmt::join(names, ", "));
    const std::string dotted = section + "." + key;
    const toml::node* node = table.get(key);
    if (node == nullptr)
      refuse(place_of(source_, section, table.source()), dotted, "missing", allowed);
    const std::string place = place_of(source_, dotted, node->source());
    if (!node->is_string()) refuse(place, dotted, text_of(*node) + " is not a string", allowed);
    const std::string name = node->as_string()->get();
    const auto found = std::ranges::find(choices, name, &Choice::name);
    if (found == choices.end())
      refuse(place, dotted, fmt::format("\"{}\" is not known", one_line(name, kValueBytes)),
             allowed, nearest_name(name, names));
    return *found;
  }

  void read_model() {
    const toml::table& table = section_table("model");
    const Choice& model = choice(table, "model", "name", catalogue_.models);
    deck_.model_name = model.name;
    deck_.model = model.make();
    read_settings(table, "model", source_, *deck_.model, {"name"});
  }

  void read_methods() {
    const toml::node* node = table_.get("method");
    const toml::array* methods = node != nullptr ? node->as_array() : nullptr;
    if (methods == nullptr || methods->empty())
      refuse(node != nullptr ? place_of(source_, "method", node->source()) : source_.file, "method",
             node != nullptr ? "is not a list of methods" : "missing",
             "one [[method]] block or more");
    for (const toml::node& entry : *methods) {
      if (!entry.is_table())
        refuse(place_of(source_, "method", entry.source()), "method", "is not a list of methods",
               "one [[method]] block or more");
      read_method(*entry.as_table());
    }
  }

  void read_method(const toml::table& table) {
    MethodDeck method;
    const Choice& kind = choice(table, "method", "kind", catalogue_.methods);
    method.kind = kind.name;
    method.name = method_name(table, kind.name);
    method.settings = kind.make();
    const std::string section = "method." + method.name;
    read_settings(table, section, source_, *method.settings, {"name", "kind"});
    check_from(table, section, *method.settings);
    check_earlier(table, section, *method.settings, "budget_of");
    deck_.methods.push_back(std::move(method));
  }

  std::string method_name(const toml::table& table, const std::string& kind) const {
    const toml::node* node = table.get("name");
    if (node != nullptr && !node->is_string())
      refuse(place_of(source_, "method.name", node->source()), "method.name",
             text_of(*node) + " is not a string", "letters, digits, _ + -");
    const std::string name = node != nullptr ? node->as_string()->get() : kind;
    const std::string place =
        place_of(source_, "method.name", node != nullptr ? node->source() : table.source());
    if (!is_name(name))
      refuse(place, "method.name", fmt::format("\"{}\" is not a name", name),
             "letters, digits, _ + -");
    if (std::ranges::find(deck_.methods, name, &MethodDeck::name) != deck_.methods.end())
      refuse(place, "method.name", fmt::format("\"{}\" is the name of two methods", name),
             "a name of its own for each");
    return name;
  }

  // A key `from` names an earlier method: its answers must be there when they are needed, and so
  // must the snapshots that a key `starts` counts on.
  void check_from(const toml::table& table, const std::string& section, Settings& settings) const {
    const MethodDeck* earlier = check_earlier(table, section, settings, "from");
    if (earlier == nullptr) return;
    const std::int64_t* starts = field_of<std::int64_t>(settings, "starts");
    const std::int64_t* snapshots = field_of<std::int64_t>(*earlier->settings, "snapshots");
    const std::int64_t n_start = 1 + (snapshots != nullptr ? *snapshots : 0);
    if (starts != nullptr && *starts > n_start)
      refuse(place_in(table, section, "starts"), section + ".starts",
             fmt::format("{} is more than the answers of \"{}\"", *starts, earlier->name),
             fmt::format("at most {}: its best answer and {} snapshots", n_start, n_start - 1));
  }

  std::string place_in(const toml::table& table, const std::string& section,
                       const std::string& key) const {
    const toml::node* node = table.get(key);
    return place_of(source_, section + "." + key,
                    node != nullptr ? node->source() : table.source());
  }

  // The earlier method that a key names; nullptr where there is no such key, or it may be empty and
  // is.
  const MethodDeck* check_earlier(const toml::table& table, const std::string& section,
                                  Settings& settings, const std::string& key) const {
    KeyTable keys;
    settings.describe(keys);
    const auto found = std::ranges::find(keys.keys(), key, &Key::name);
    if (found == keys.keys().end()) return nullptr;
    const std::string* name = std::get<std::string*>(found->field);
    if (name->empty() && !found->rule.required) return nullptr;
    const auto earlier = std::ranges::find(deck_.methods, *name, &MethodDeck::name);
    if (earlier != deck_.methods.end()) return &*earlier;
    std::vector<std::string> names;
    for (const MethodDeck& method : deck_.methods) names.push_back(method.name);
    refuse(place_in(table, section, key), section + "." + key,
           fmt::format("\"{}\" is not an earlier method", *name),
           names.empty() ? "none: no method stands before this one"
                         : fmt::format("one of {}", fmt::join(names, ", ")),
           nearest_name(*name, names));
  }

  // The field of a settings' key, or nullptr where it has no such key of that type.
  template <class T>
  static const T* field_of(Settings& settings, const std::string& name) {
    KeyTable keys;
    settings.describe(keys);
    for (const Key& key : keys.keys())
      if (key.name == name)
        if (const auto* field = std::get_if<T*>(&key.field)) return *field;
    return nullptr;
  }

  void read_petsc() {
    for (const auto& [name, node] : section_table("petsc")) {
      const std::string option(name.str());
      const std::string key = "petsc." + option;
      if (!is_name(option, "."))
        refuse(place_of(source_, key, name.source()), key, "is not a PETSc option",
               "the option without its dash");
      if (const auto* text = node.as_string())
        deck_.petsc.emplace_back(option, text->get());
      else if (node.is_boolean() || node.is_number())
        deck_.petsc.emplace_back(option, text_of(node));
      else
        refuse(place_of(source_, key, node.source()), key, "is not an option's value",
               "boolean, number or string");
    }
  }

  Source source_;
  const toml::table& table_;
  const Catalogue& catalogue_;
  Deck deck_;
};

}  // namespace

void RunSettings::describe(KeyTable& table) {
  table.add("name", &name, {.doc = "of the run: letters, digits, _ + - ."});
  table.add("seed", &seed,
            {.doc = "of every draw: problems, noise, weights, starts", .min = 0, .max = 9e15});
  table.add("output", &output, {.doc = "path of the result file; empty: runs/<name>.h5"});
  table.add("overwrite", &overwrite, {.doc = "replace an existing result file"});
  table.add(
      "max_failed_fraction", &max_failed_fraction,
      {.doc = "share of problems without an answer above which the run ends with exit code 3, "
              "after the method that they failed in, with a checkpoint; where no problem has one "
              "the exit code is 3 in any case",
       .min = 0,
       .max = 1});
}

void RunSettings::check() const {
  if (!is_name(name, "."))
    throw BadInput(fmt::format(
        "key 'run.name': \"{}\" is not a name; allowed: letters, digits, _ + - .", name));
}

Deck read_deck(const std::string& text, const std::string& file,
               const std::vector<std::string>& overrides, const Catalogue& catalogue,
               const std::string& first_methods) {
  toml::table table = parse(text, file);
  put_in_front(first_methods, table);
  Source source{file, {}};
  apply_overrides(overrides, table, source);
  return Reader(std::move(source), table, catalogue).read();
}

}  // namespace jpo
