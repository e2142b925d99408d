#include "core/log.hpp"
#include "core/session/session.hpp"
#include "driver/deck_checks.hpp"
#include "driver/footprint.hpp"
#include "driver/job.hpp"
#include "driver/results.hpp"
#include "driver/screen.hpp"
#include "driver/study/study_cells.hpp"
#include "driver/verbs.hpp"
#include "models/registry.hpp"

namespace jpo {

ExitCode check(const DeckArguments& arguments, MPI_Comm comm) {
  const DeckFiles files = load_deck_files(arguments.path, comm);
  const Deck deck = complete_deck(
      read_deck(files, {.overrides = arguments.overrides}, program_catalogue()), comm);
  start_network_library();
  check_deck(deck, comm);
  if (has_study(deck)) study_cells(files, arguments.overrides, comm);  // refuses what a study would
  int n_rank = 1;
  MPI_Comm_size(comm, &n_rank);
  say("{}", deck.resolved);
  const ModelShape shape = make_model(deck, Resolution::inversion)->shape();
  show_sizes(deck, shape, n_rank, problems_at_once(deck, shape, n_rank));
  show_device_room(deck, shape, n_rank);
  if (has_study(deck)) say("`jpo study` runs {}", study_text(deck));
  say("{} is good", arguments.path);
  return ExitCode::done;
}

ExitCode check_keys() {
  say("{}", describe_keys(program_catalogue()));
  return ExitCode::done;
}

ExitCode list_models() {
  for (const ModelEntry& entry : registered_models()) say("{:<24} {}", entry.name, entry.summary);
  return ExitCode::done;
}

ExitCode show_version() {
  say("jpo {} ({})", jpo_version(), git_revision());
  for (const auto& [name, version] : all_versions()) say("{:<16} {}", name, version);
  return ExitCode::done;
}

}  // namespace jpo
