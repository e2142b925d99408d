#include "deck/deck.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "core/errors.hpp"
#include "deck/binding.hpp"
#include "deck/changes_text.hpp"
#include "deck/earlier_methods.hpp"
#include "deck/layers/deck_tree.hpp"
#include "deck/layers/overrides.hpp"
#include "deck/resolved.hpp"

namespace jpo {
namespace {

constexpr const char* kStudy = "study";

std::vector<std::string> names_of(const std::vector<Choice>& choices) {
  std::vector<std::string> names;
  for (const Choice& choice : choices) names.push_back(choice.name);
  return names;
}

// Converts the TOML of one deck into a Deck.
class Reader {
 public:
  Reader(const std::string& file, const toml::table& table, const Catalogue& catalogue)
      : file_(file), table_(table), catalogue_(catalogue) {}

  Deck read() {
    refuse_unknown_sections();
    for (const Catalogue::Section& section : catalogue_.sections) read_section(section);
    read_model();
    read_methods();
    read_petsc();
    return std::move(deck_);
  }

 private:
  void refuse_unknown_sections() const {
    std::vector<std::string> known;
    for (const Catalogue::Section& section : catalogue_.sections) known.push_back(section.name);
    known.insert(known.end(), {"model", "method", "petsc", "base", "methods"});
    for (const auto& [name, node] : table_) {
      const std::string section(name.str());
      if (section == "base" || std::ranges::find(known, section) == known.end())
        refuse(source_location(file_, name.source()), section, "unknown section",
               fmt::format("{}", fmt::join(known, ", ")), nearest_name(section, known));
    }
  }

  const toml::table& section_table(const std::string& name) const {
    static const toml::table empty;
    const toml::node* node = table_.get(name);
    if (node == nullptr) return empty;
    if (const toml::table* section = node->as_table()) return *section;
    refuse(source_location(file_, node->source()), name, "is not a section",
           fmt::format("[{}] and its keys below", name));
  }

  void read_section(const Catalogue::Section& section) {
    auto settings = section.make();
    const toml::table& table = section_table(section.name);
    read_settings(
        table, section.name, file_, *settings,
        section.name == kStudy ? std::vector<std::string>{"variants"} : std::vector<std::string>{});
    deck_.sections[section.name] = std::move(settings);
    for (const auto& [key, node] : table)
      deck_.given.insert(fmt::format("{}.{}", section.name, key.str()));
  }

  // Returns the choice that `key` of `table` names.
  const Choice& choice(const toml::table& table, const std::string& section, const std::string& key,
                       const std::vector<Choice>& choices) const {
    const std::vector<std::string> names = names_of(choices);
    const std::string allowed = fmt::format("one of {}", fmt::join(names, ", "));
    const std::string dotted = section + "." + key;
    const toml::node* node = table.get(key);
    if (node == nullptr) refuse(source_location(file_, table.source()), dotted, "missing", allowed);
    const std::string location = source_location(file_, node->source());
    if (!node->is_string()) refuse(location, dotted, text_of(*node) + " is not a string", allowed);
    const std::string name = node->as_string()->get();
    const auto found = std::ranges::find(choices, name, &Choice::name);
    if (found == choices.end())
      refuse(location, dotted, fmt::format("\"{}\" is not known", one_line(name, kValueBytes)),
             allowed, nearest_name(name, names));
    return *found;
  }

  void read_model() {
    const toml::table& table = section_table("model");
    const Choice& model = choice(table, "model", "name", catalogue_.models);
    deck_.model_name = model.name;
    deck_.model = model.make();
    read_settings(table, "model", file_, *deck_.model, {"name"});
  }

  void read_methods() {
    const toml::node* node = table_.get("method");
    const toml::array* methods = node != nullptr ? node->as_array() : nullptr;
    if (methods == nullptr || methods->empty())
      refuse(node != nullptr ? source_location(file_, node->source()) : file_, "method",
             node != nullptr ? "is not a list of methods" : "missing",
             "one [[method]] block or more");
    for (const toml::node& entry : *methods) {
      if (!entry.is_table())
        refuse(source_location(file_, entry.source()), "method", "is not a list of methods",
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
    read_settings(table, section, file_, *method.settings, {"name", "kind"});
    check_earlier_methods(method, deck_.methods, table, file_);
    deck_.methods.push_back(std::move(method));
  }

  std::string method_name(const toml::table& table, const std::string& kind) const {
    const toml::node* node = table.get("name");
    if (node != nullptr && !node->is_string())
      refuse(source_location(file_, node->source()), "method.name",
             text_of(*node) + " is not a string", "letters, digits, _ + -");
    const std::string name = node != nullptr ? node->as_string()->get() : kind;
    const std::string location =
        source_location(file_, node != nullptr ? node->source() : table.source());
    if (!is_name(name))
      refuse(location, "method.name", fmt::format("\"{}\" is not a name", name),
             "letters, digits, _ + -");
    if (std::ranges::find(deck_.methods, name, &MethodDeck::name) != deck_.methods.end())
      refuse(location, "method.name", fmt::format("\"{}\" is the name of two methods", name),
             "a different name for each");
    return name;
  }

  void read_petsc() {
    for (const auto& [name, node] : section_table("petsc")) {
      const std::string option(name.str());
      const std::string key = "petsc." + option;
      if (!is_name(option, "."))
        refuse(source_location(file_, name.source()), key, "is not a PETSc option",
               "the option without its dash");
      if (const auto* text = node.as_string())
        deck_.petsc.emplace_back(option, text->get());
      else if (node.is_boolean() || node.is_number())
        deck_.petsc.emplace_back(option, text_of(node));
      else
        refuse(source_location(file_, node.source()), key, "is not an option's value",
               "boolean, number or string");
    }
  }

  const std::string& file_;
  const toml::table& table_;
  const Catalogue& catalogue_;
  Deck deck_;
};

// Arguments of read_deck.
struct DeckInput {
  const DeckFiles& files;
  const DeckChanges& changes;
  const Catalogue& catalogue;
};

// Throws if a variant changes keys that the study itself sets for each run.
void refuse_study_keys(const VariantTree& variant) {
  constexpr std::array<std::array<const char*, 2>, 3> keys = {
      {{"run", "seed"}, {"run", "output"}, {"data", "n_problem"}}};
  const auto refuse_key = [&](const std::string& key, const toml::key& name) {
    refuse(source_location("", name.source()), key,
           fmt::format("cannot differ between variants, as in \"{}\"", variant.name),
           "any key but base, those of [study], run.seed, data.n_problem and run.output, which "
           "seeds, sizes and output set");
  };
  for (const auto& [name, node] : variant.changes) {
    if (name == kStudy || name == "base") refuse_key(std::string(name.str()), name);
    const toml::table* section = node.as_table();
    if (section == nullptr) continue;
    for (const auto& [key, unused] : *section)
      for (const auto& [own_section, own_key] : keys)
        if (name == own_section && key == own_key)
          refuse_key(fmt::format("{}.{}", own_section, own_key), key);
  }
}

// Throws if the deck is not valid with this variant.
void check_variant(const VariantTree& variant, const DeckInput& input) {
  refuse_study_keys(variant);
  DeckChanges changes = input.changes;
  changes.variant = variant.name;
  try {
    read_deck(input.files, changes, input.catalogue);
  } catch (const BadInput& error) {
    throw BadInput(fmt::format("{} (in variant \"{}\" of [study])", error.what(), variant.name));
  }
}

// Throws if study.only contains a name that is not a variant.
void check_only(const DeckTree& tree, const std::string& file) {
  const toml::array* only = tree.table[kStudy]["only"].as_array();
  if (only == nullptr) return;
  std::vector<std::string> known;
  for (const VariantTree& variant : tree.variants) known.push_back(variant.name);
  for (const toml::node& node : *only) {
    const std::string& name = node.as_string()->get();
    if (std::ranges::find(known, name) == known.end())
      refuse(source_location(file, node.source()), "study.only",
             fmt::format("\"{}\" is not a variant", one_line(name, kValueBytes)),
             fmt::format("{}", fmt::join(known, ", ")), nearest_name(name, known));
  }
}

}  // namespace

void RunSettings::describe(KeyTable& table) {
  table.add("name", &name, {.doc = "name of the run: letters, digits, _ + - ."});
  table.add(
      "seed", &seed,
      {.doc = "seed of all random draws: problems, noise, weights, starts", .min = 0, .max = 9e15});
  table.add("output", &output,
            {.doc = "path of the result file; empty: runs/<name>.h5",
             .is_path = true,
             .affects_result = false});
  table.add("overwrite", &overwrite,
            {.doc = "replace an existing result file", .affects_result = false});
  table.add(
      "max_failed_fraction", &max_failed_fraction,
      {.doc = "largest allowed fraction of problems without an answer (misfit NaN). If a method "
              "exceeds it, later methods do not run; the run writes a checkpoint for them and ends "
              "with exit code 3. If no problem has an answer, the exit code is always 3",
       .min = 0,
       .max = 1,
       .affects_result = false});
  table.add("stall_seconds", &stall_seconds,
            {.doc = "the watchdog ends the job with exit code 75 if no rank has finished a call of "
                    "the model, a call of the network or a write for this time, and for 20 times "
                    "the longest such call. It waits for the first model call of each rank, unless "
                    "the deck sets this key. 0: no watchdog",
             .unit = "s",
             .min = 0,
             .max = 1e7,
             .affects_result = false});
  table.add("petsc_environment", &petsc_environment,
            {.doc = "true: the options of the environment variable PETSC_OPTIONS are added to "
                    "[petsc], and recorded with it; false: they are ignored",
             .affects_result = false});
}

void RunSettings::check() const {
  if (!is_name(name, "."))
    throw BadInput(fmt::format(
        "key 'run.name': \"{}\" is not a name; allowed: letters, digits, _ + - .", name));
}

Deck read_deck(const DeckFiles& files, const DeckChanges& changes, const Catalogue& catalogue) {
  const std::string& file = files.front().path;
  DeckTree tree = merge_files(files);
  put_in_front(changes.first_methods, tree);
  for (const std::string& text : changes.overrides) apply_changes(parse_override(text), tree);
  if (changes.variant) apply_variant(*changes.variant, tree);
  for (const std::string& text : changes.last_overrides) apply_changes(parse_override(text), tree);
  Deck deck = Reader(file, tree.table, catalogue).read();
  check_only(tree, file);
  for (const VariantTree& variant : tree.variants) {
    check_variant(variant, {files, changes, catalogue});
    deck.variants.push_back({variant.name, changes_text(variant.changes)});
  }
  deck.resolved = resolved_text(deck, catalogue);
  return deck;
}

Deck read_deck(const std::string& text, const std::string& file,
               const std::vector<std::string>& overrides, const Catalogue& catalogue) {
  return read_deck({{file, text}}, {.overrides = overrides}, catalogue);
}

}  // namespace jpo
