// jpo check: validates a deck without running it. Standard output gets the resolved deck, which is
// a valid deck itself. Sizes, memory and warnings go to standard error.

#include <cstdio>

#include <fmt/format.h>

#include "core/communicator.hpp"
#include "core/log.hpp"
#include "driver/deck_checks.hpp"
#include "driver/footprint.hpp"
#include "driver/job.hpp"
#include "driver/output/screen.hpp"
#include "driver/study/study_cells.hpp"
#include "driver/verb.hpp"

namespace jpo {
namespace {

void show_beside_deck(const std::string& line, MPI_Comm comm) {
  if (mpi::rank(comm) == 0) fmt::print(stderr, "{}\n", line);
}

void check(const DeckArguments& arguments, MPI_Comm comm) {
  const DeckFiles files = load_deck_files(arguments.path, comm);
  const Deck deck = complete_deck(
      read_deck(files, {.overrides = arguments.overrides}, program_catalogue()), comm);
  start_network_library();
  check_deck(deck, comm);
  // Checks the decks of all cells.
  if (has_study(deck)) study_cells(files, arguments.overrides, comm);
  const int n_rank = mpi::size(comm);
  log_info("{}", deck.resolved);
  const ModelShape shape = make_model(deck, Resolution::inversion)->shape();
  for (const std::string& line :
       sizes_text(deck, shape, n_rank, problems_at_once(deck, shape, n_rank)))
    show_beside_deck(line, comm);
  for (const std::string& line : device_memory_text(deck, shape, n_rank))
    show_beside_deck(line, comm);
  if (has_study(deck)) show_beside_deck("study: `jpo study` runs " + study_text(deck), comm);
  show_beside_deck(arguments.path + " is valid", comm);
}

class Check final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override {
    add_deck(parser, deck_);
    parser.add_flag("--keys", keys_, "print every key that a deck can have, and run no check");
    add_notes(parser, {.examples = {"jpo check inputs/kuramoto_sivashinsky.toml",
                                    "jpo check inputs/kuramoto_sivashinsky.toml > resolved.toml",
                                    "jpo check --keys"},
                       .exit_codes = "  0  the deck is valid\n"
                                     "  2  bad input: command line, deck or a file that the deck "
                                     "names",
                       .documents = "inputs/README.md (decks, methods, studies)"});
  }
  ExitCode run(const std::string& /*command*/, MPI_Comm comm) override {
    if (keys_) {
      log_info("{}", describe_keys(program_catalogue()));
      return ExitCode::done;
    }
    if (deck_.path.empty())
      throw BadInput("jpo check: the deck is missing; allowed: jpo check DECK, jpo check --keys");
    check(deck_, comm);
    return ExitCode::done;
  }

 private:
  DeckArguments deck_;
  bool keys_ = false;
};

const RegisterVerb<Check> registered{
    "check", "validate a deck and print it with all its values; run nothing"};

}  // namespace
}  // namespace jpo
