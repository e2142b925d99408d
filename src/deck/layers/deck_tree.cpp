#include "deck/layers/deck_tree.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/errors.hpp"
#include "deck/binding.hpp"

namespace jpo {
namespace {

constexpr const char* kVariantForm =
    "a table for each variant: [study.variants.NAME], followed by lines such as network.hidden = "
    "[256, 256] or method.joint.updates = 900";

// Returns the location of a node. All nodes of a tree have a source.
std::string source_of(const toml::node& node) {
  return source_location("", node.source());
}

enum class Wins : std::uint8_t { from, into };

// Moves the keys of `from` into `into`. Tables in both are merged. For other keys in both, `wins`
// selects the value.
void merge(toml::table& from, toml::table& into, Wins wins) {
  for (auto&& [key, node] : from) {
    toml::node* there = into.get(key.str());
    if (there == nullptr) {
      into.insert(key, std::move(node));
    } else if (there->is_table() && node.is_table()) {
      merge(*node.as_table(), *there->as_table(), wins);
    } else if (wins == Wins::from) {
      into.erase(key.str());
      into.insert(key, std::move(node));
    }
  }
}

std::vector<std::string> labels_of(const toml::array& methods) {
  std::vector<std::string> labels;
  for (const toml::node& method : methods) labels.push_back(label_of(method));
  return labels;
}

[[noreturn]] void refuse_method(const std::string& location, const std::string& key,
                                const std::string& name, const std::vector<std::string>& known) {
  refuse(location, key, fmt::format("no method is called \"{}\"", one_line(name, kValueBytes)),
         fmt::format("{}", fmt::join(known, ", ")), nearest_name(name, known));
}

// Throws if a [[method]] that is not in the base has no kind.
void check_new_method(const toml::node& entry, const std::vector<std::string>& base) {
  const toml::table* method = entry.as_table();
  if (method == nullptr || method->contains("kind")) return;
  const std::string label = label_of(entry);
  refuse(source_of(entry), "method.name",
         fmt::format("\"{}\" is not a method of the base and has no kind",
                     one_line(label, kValueBytes)),
         fmt::format("{}, or a new method with a kind", fmt::join(base, ", ")),
         nearest_name(label, base));
}

// Writes the merged methods to `own`: the base's methods in their order, changed by the methods of
// the same name, then the new methods.
void merge_methods(toml::array& base, toml::array& own) {
  const std::vector<std::string> base_labels = labels_of(base);
  toml::array merged;
  std::set<std::size_t> used;
  for (toml::node& method : base) {
    const std::string label = label_of(method);
    std::size_t k = 0;
    while (k < own.size() && (used.contains(k) || label_of(own[k]) != label)) ++k;
    if (label.empty() || k == own.size()) {
      merged.push_back(std::move(method));
      continue;
    }
    used.insert(k);
    merge(*method.as_table(), *own[k].as_table(), Wins::into);
    merged.push_back(std::move(own[k]));
  }
  for (std::size_t k = 0; k < own.size(); ++k) {
    if (used.contains(k)) continue;
    check_new_method(own[k], base_labels);
    merged.push_back(std::move(own[k]));
  }
  own = std::move(merged);
}

// Applies the key methods: keeps the methods that it lists, in its order, and removes the key.
void select_methods(toml::table& deck) {
  const toml::node* key = deck.get("methods");
  if (key == nullptr) return;
  toml::array* methods = deck["method"].as_array();
  const std::vector<std::string> known =
      methods != nullptr ? labels_of(*methods) : std::vector<std::string>{};
  const toml::array* names = key->as_array();
  if (names == nullptr) refuse(source_of(*key), "methods", "is not a list", "names of methods");
  toml::array selected;
  std::set<std::string> seen;
  for (const toml::node& node : *names) {
    if (!node.is_string())
      refuse(source_of(node), "methods", text_of(node) + " is not a string", "names of methods");
    const std::string& name = node.as_string()->get();
    const auto found = std::ranges::find(known, name);
    if (name.empty() || found == known.end())
      refuse_method(source_of(node), "methods", name, known);
    if (!seen.insert(name).second)
      refuse(source_of(node), "methods", fmt::format("\"{}\" is listed twice", name),
             "each name once");
    selected.push_back(std::move((*methods)[found - known.begin()]));
  }
  if (methods != nullptr) *methods = std::move(selected);
  deck.erase("methods");
}

// Removes [study.variants] from a deck and returns the variants in the order of the text.
std::vector<VariantTree> take_variants(toml::table& deck) {
  std::vector<VariantTree> variants;
  toml::table* study = deck["study"].as_table();
  toml::node* node = study != nullptr ? study->get("variants") : nullptr;
  if (node == nullptr) return variants;
  if (!node->is_table()) refuse(source_of(*node), "study.variants", "is not a table", kVariantForm);
  std::vector<std::tuple<toml::source_index, toml::source_index, std::string>> order;
  for (const auto& [name, table] : *node->as_table()) {
    const std::string key = "study.variants." + std::string(name.str());
    if (!is_name(std::string(name.str())))
      refuse(source_location("", name.source()), key, "is not a name", "letters, digits, _ + -");
    if (!table.is_table()) refuse(source_of(table), key, "is not a table", kVariantForm);
    order.emplace_back(name.source().begin.line, name.source().begin.column, name.str());
  }
  std::ranges::sort(order);
  for (const auto& [line, column, name] : order)
    variants.push_back({name, std::move(*node->as_table()->get(name)->as_table())});
  study->erase("variants");
  return variants;
}

DeckTree tree_of(toml::table table) {
  DeckTree tree;
  tree.variants = take_variants(table);
  tree.table = std::move(table);
  return tree;
}

auto find_variant(std::vector<VariantTree>& variants, const std::string& name) {
  return std::ranges::find(variants, name, &VariantTree::name);
}

// Returns the base with the changes of `own`.
DeckTree lay_over(DeckTree base, DeckTree own) {
  toml::array* base_methods = base.table["method"].as_array();
  toml::array* own_methods = own.table["method"].as_array();
  if (base_methods != nullptr && own_methods != nullptr) merge_methods(*base_methods, *own_methods);
  merge(base.table, own.table, Wins::into);
  for (VariantTree& variant : own.variants) {
    const auto found = find_variant(base.variants, variant.name);
    if (found == base.variants.end()) {
      base.variants.push_back(std::move(variant));
    } else {
      merge(found->changes, variant.changes, Wins::into);
      *found = std::move(variant);
    }
  }
  return {std::move(own.table), std::move(base.variants)};
}

toml::table& method_named(toml::table& deck, const std::string& name, const std::string& location) {
  std::vector<std::string> known;
  if (toml::array* methods = deck["method"].as_array()) {
    for (toml::node& method : *methods)
      if (method.is_table() && label_of(method) == name) return *method.as_table();
    known = labels_of(*methods);
  }
  refuse_method(location, "method." + name, name, known);
}

void change_methods(toml::node& changes, toml::table& deck) {
  constexpr const char* form = "method.NAME.key = value";
  toml::table* methods = changes.as_table();
  if (methods == nullptr)
    refuse(source_of(changes), "method", "methods are addressed by name here", form);
  for (auto&& [key, node] : *methods) {
    const std::string name(key.str());
    const std::string location = source_location("", key.source());
    if (!node.is_table()) refuse(location, "method." + name, "is not a key of a method", form);
    merge(*node.as_table(), method_named(deck, name, location), Wins::from);
  }
}

void change_table(toml::table& changes, toml::table& deck) {
  if (toml::node* methods = changes.get("method")) {
    change_methods(*methods, deck);
    changes.erase("method");
  }
  for (const auto& [key, unused] : changes)
    if (const toml::node* section = deck.get(key.str()); section != nullptr && !section->is_table())
      refuse(source_of(*section), std::string(key.str()), "is not a section",
             fmt::format("[{}] and its keys below", key.str()));
  merge(changes, deck, Wins::from);
  select_methods(deck);
}

}  // namespace

std::string label_of(const toml::node& method) {
  const toml::table* table = method.as_table();
  if (table == nullptr) return "";
  return (*table)["name"].value_or((*table)["kind"].value_or(std::string()));
}

toml::table parse_deck(const DeckFile& file) {
  try {
    return toml::parse(file.text, std::string_view(file.path));
  } catch (const toml::parse_error& error) {
    throw BadInput(fmt::format("{}:{}:{}: not valid TOML: {}", file.path, error.source().begin.line,
                               error.source().begin.column, error.description()));
  }
}

const toml::node* base_of(const toml::table& deck) {
  const toml::node* base = deck.get("base");
  if (base != nullptr && !base->is_string())
    refuse(source_of(*base), "base", text_of(*base) + " is not a string",
           "path of a deck, relative to the folder of this one");
  return base;
}

DeckTree merge_files(const DeckFiles& files) {
  DeckTree tree;
  for (std::size_t k = files.size(); k-- > 0;) {
    toml::table table = parse_deck(files[k]);
    const toml::node* base = base_of(table);
    if (base != nullptr && k + 1 == files.size())
      refuse(source_of(*base), "base", "this deck cannot have a base",
             "a base if the deck is a file");
    table.erase("base");
    DeckTree own = tree_of(std::move(table));
    tree = k + 1 == files.size() ? std::move(own) : lay_over(std::move(tree), std::move(own));
    select_methods(tree.table);
  }
  return tree;
}

void put_in_front(const std::string& methods, DeckTree& deck) {
  if (methods.empty()) return;
  toml::table first = toml::parse(methods, std::string_view("the command line"));
  if (!deck.table.contains("method")) deck.table.insert("method", toml::array{});
  toml::array* all = deck.table["method"].as_array();
  if (all == nullptr) return;  // the reader refuses this deck
  std::ptrdiff_t index = 0;
  for (toml::node& method : *first["method"].as_array())
    all->insert(all->cbegin() + index++, std::move(*method.as_table()));
}

void apply_changes(toml::table changes, DeckTree& deck) {
  DeckTree tree = tree_of(std::move(changes));
  change_table(tree.table, deck.table);
  for (VariantTree& variant : tree.variants) {
    const auto found = find_variant(deck.variants, variant.name);
    if (found == deck.variants.end())
      deck.variants.push_back(std::move(variant));
    else
      merge(variant.changes, found->changes, Wins::from);
  }
}

void apply_variant(const std::string& name, DeckTree& deck) {
  if (const auto found = find_variant(deck.variants, name); found != deck.variants.end())
    change_table(found->changes, deck.table);
  deck.table.erase("study");
  deck.variants.clear();
}

}  // namespace jpo
