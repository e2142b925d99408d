// jpo evaluate: a trained network on the problems of another deck, whose own methods run beside it
// and may start from its answers.

#include <fmt/format.h>

#include "deck/resolved.hpp"
#include "driver/run.hpp"
#include "driver/verbs.hpp"

namespace jpo {

ExitCode evaluate(const EvaluateArguments& arguments, const std::string& command, MPI_Comm comm) {
  std::string result = arguments.result;
  std::string network = arguments.network;
  std::string output = arguments.output;
  std::vector<std::string> overrides = arguments.deck.overrides;
  if (!output.empty()) overrides.push_back("run.output=" + toml_value(&output));
  const std::string predict =
      fmt::format("[[method]]\nname = \"predict\"\nkind = \"predict\"\nresult = {}\nnetwork = {}\n",
                  toml_value(&result), toml_value(&network));
  Deck deck = complete_deck(
      read_deck(load_deck_files(arguments.deck.path, comm),
                {.first_methods = predict, .overrides = overrides}, program_catalogue()),
      comm);
  check_and_run_deck(std::move(deck),
                     {command, arguments.overwrite, false, "",
                      "jpo evaluate with --set 'checkpoint.resume=\"auto\"'"},
                     comm);
  return ExitCode::done;
}

}  // namespace jpo
