#include "core/log.hpp"
#include "driver/results.hpp"
#include "driver/screen.hpp"
#include "driver/verbs.hpp"
#include "models/registry.hpp"

namespace jpo {

ExitCode check(const DeckArguments& arguments, MPI_Comm comm) {
  const Deck deck = load_deck(arguments.path, arguments.overrides, comm);
  start_network_library();
  const auto model = make_model(deck, Resolution::inversion);
  int n_rank = 1;
  MPI_Comm_size(comm, &n_rank);
  check_sizes(deck, model->shape(), n_rank);
  apply_petsc_options(deck);
  check_methods(deck, model->shape());
  if (!deck.section<DataSettings>("data").inverse_crime) make_model(deck, Resolution::data);
  say("{}", deck.resolved);
  show_sizes(deck, model->shape(), n_rank);
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
