#include "driver/verb.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/registry.hpp"

namespace jpo {
namespace {

auto& verbs() {
  static Registry<VerbEntry, &VerbEntry::name> registry("verb");
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
                  "section.key=value changes a key of the deck, method.NAME.key=value a key of a "
                  "method; the value is TOML; repeatable")
      ->take_all()
      ->allow_extra_args(false);
}

void add_accept_other_build(CLI::App& parser, bool& accept) {
  parser.add_flag("--accept-other-build", accept,
                  "also use results and checkpoints that another build of jpo has written, and "
                  "record both builds");
}

CLI::Option* add_deck(CLI::App& parser, DeckArguments& arguments) {
  CLI::Option* deck = parser.add_option("deck", arguments.path, "input deck (TOML)");
  add_overrides(parser, arguments);
  return deck;
}

const char* const kRunExitCodes =
    "  0   done\n"
    "  1   internal error\n"
    "  2   bad input: command line, deck or a file that the deck names; nothing was run\n"
    "  3   more problems failed than run.max_failed_fraction allows\n"
    "  4   a file could not be written (disk, quota, permission)\n"
    "  75  stopped on request after a checkpoint was written, or ended by the watchdog\n"
    "      (run.stall_seconds); can be resumed";

void add_notes(CLI::App& parser, const HelpNotes& notes) {
  parser.footer(fmt::format("\nExamples:\n  {}\n\nExit codes:\n{}\n\nRead more: {}",
                            fmt::join(notes.examples, "\n  "), notes.exit_codes, notes.documents));
}

}  // namespace jpo
