#pragma once
// The verbs of the command line (`jpo VERB ...`). The file of a verb ends with one line:
//   const RegisterVerb<MyVerb> registered{"my_verb", "summary in one line, for --help"};

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <mpi.h>

#include "core/errors.hpp"
#include "driver/arguments.hpp"

namespace jpo {

class Verb {
 public:
  Verb() = default;
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;
  Verb(Verb&&) = delete;
  Verb& operator=(Verb&&) = delete;
  virtual ~Verb() = default;

  /// Adds the verb's arguments to its parser, which stores their values in this object.
  virtual void add_arguments(CLI::App& parser) = 0;
  /// Runs the verb with the parsed arguments; `command` is the whole command line. Returns the exit
  /// code, or throws an Error that has one. Collective on comm.
  virtual ExitCode run(const std::string& command, MPI_Comm comm) = 0;
};

struct VerbEntry {
  std::string name;
  std::string summary;
  std::function<std::unique_ptr<Verb>()> make;
};

/// Returns all registered verbs, sorted by name.
const std::vector<VerbEntry>& registered_verbs();
/// Adds an entry; called before main by RegisterVerb only.
void register_verb(VerbEntry entry);

template <class Kind>
struct RegisterVerb {
  RegisterVerb(std::string name, std::string summary) {
    register_verb({std::move(name), std::move(summary), [] { return std::make_unique<Kind>(); }});
  }
};

/// Adds the argument DECK and the option --set; returns the argument, for ->required().
CLI::Option* add_deck(CLI::App& parser, DeckArguments& arguments);
/// Adds the option --set.
void add_overrides(CLI::App& parser, DeckArguments& arguments);

/// Adds the option --accept-other-build.
void add_accept_other_build(CLI::App& parser, bool& accept);

/// The end of a help text.
struct HelpNotes {
  /// Command lines.
  std::vector<std::string> examples;
  /// Exit codes with their meaning, one per line.
  std::string exit_codes;
  /// Documents with more about the verb.
  std::string documents;
};
/// Adds the notes to the end of `jpo VERB --help`.
void add_notes(CLI::App& parser, const HelpNotes& notes);

/// Exit codes of the verbs that solve problems.
extern const char* const kRunExitCodes;

}  // namespace jpo
