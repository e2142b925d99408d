#include "driver/verb.hpp"

#include "core/registry.hpp"

namespace jpo {
namespace {

auto& verbs() {
  static Registry<VerbEntry, &VerbEntry::name> registry;
  return registry;
}

}  // namespace

const std::vector<VerbEntry>& registered_verbs() {
  return verbs().entries();
}

void register_verb(VerbEntry entry) {
  verbs().add(std::move(entry));
}

void add_overrides(CLI::App& parser, DeckArguments& arguments) {
  parser
      .add_option("--set", arguments.overrides,
                  "section.key=value, the value in TOML; method.NAME.key=value for a method; "
                  "repeatable")
      ->take_all()
      ->allow_extra_args(false);
}

CLI::Option* add_deck(CLI::App& parser, DeckArguments& arguments) {
  CLI::Option* deck = parser.add_option("deck", arguments.path, "input deck (TOML)");
  add_overrides(parser, arguments);
  return deck;
}

}  // namespace jpo
