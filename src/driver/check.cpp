// jpo check: validates a deck, prints it resolved, its sizes and memory; runs nothing.

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

void check(const DeckArguments& arguments, MPI_Comm comm) {
  const DeckFiles files = load_deck_files(arguments.path, comm);
  const Deck deck = complete_deck(
      read_deck(files, {.overrides = arguments.overrides}, program_catalogue()), comm);
  start_network_library();
  check_deck(deck, comm);
  // Refuses what a study would refuse.
  if (has_study(deck)) study_cells(files, arguments.overrides, comm);
  const int n_rank = mpi::size(comm);
  log_info("{}", deck.resolved);
  const ModelShape shape = make_model(deck, Resolution::inversion)->shape();
  show_sizes(deck, shape, n_rank, problems_at_once(deck, shape, n_rank));
  show_device_room(deck, shape, n_rank);
  if (has_study(deck)) log_info("`jpo study` runs {}", study_text(deck));
  log_info("{} is good", arguments.path);
}

class Check final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override {
    add_deck(parser, deck_);
    parser.add_flag("--keys", keys_, "print every key that a deck can have");
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

const RegisterVerb<Check> registered{"check", "validate a deck, print it resolved, run nothing"};

}  // namespace
}  // namespace jpo
