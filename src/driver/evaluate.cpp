// jpo evaluate: a trained network predicts the parameters of another deck's problems. The methods
// of that deck run after the prediction and may start from its answers.

#include <fmt/format.h>

#include "deck/resolved.hpp"
#include "driver/run.hpp"
#include "driver/verb.hpp"

namespace jpo {

namespace {

class Evaluate final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override {
    parser.add_option("result", result_, "result file (HDF5) with the trained network")->required();
    parser
        .add_option("--deck", deck_.path,
                    "deck (TOML) with the problems; its methods run after the prediction")
        ->required();
    add_overrides(parser, deck_);
    parser.add_option("--network", network_,
                      "method that trained the network, if the file has several");
    parser.add_option("--output", output_,
                      "path of the new result file; default: run.output of the deck");
    parser.add_flag("--overwrite", overwrite_,
                    "replace an existing result file; remove checkpoints of an unfinished run");
    add_accept_other_build(parser, accept_other_build_);
    add_notes(
        parser,
        {.examples = {"jpo evaluate runs/trained.h5 --deck new_problems.toml",
                      "mpirun -n 8 jpo evaluate runs/trained.h5 --deck new_problems.toml "
                      "--network joint --output runs/predicted.h5 --overwrite --set run.seed=8"},
         .exit_codes = kRunExitCodes,
         .documents = "inputs/README.md (decks and methods; the network's answers are the method "
                      "\"predict\")"});
  }

  // Runs the deck with a first method named "predict".
  ExitCode run(const std::string& command, MPI_Comm comm) override {
    std::vector<std::string> overrides = deck_.overrides;
    if (!output_.empty()) overrides.push_back("run.output=" + toml_value(&output_));
    const std::string predict = fmt::format(
        "[[method]]\nname = \"predict\"\nkind = \"predict\"\nresult = {}\nnetwork = {}\n",
        toml_value(&result_), toml_value(&network_));
    Deck deck = complete_deck(
        read_deck(load_deck_files(deck_.path, comm),
                  {.first_methods = predict, .overrides = overrides}, program_catalogue()),
        comm);
    check_and_run_deck(std::move(deck),
                       {.command = command,
                        .overwrite = overwrite_,
                        .resume = false,
                        .resume_from = "",
                        .accept_other_build = accept_other_build_,
                        .resumed_by = "jpo evaluate with --set 'checkpoint.resume=\"auto\"'"},
                       comm);
    return ExitCode::done;
  }

 private:
  std::string result_;
  /// Empty: the only network of the file.
  std::string network_;
  DeckArguments deck_;
  /// Empty: run.output of the deck.
  std::string output_;
  bool overwrite_ = false;
  bool accept_other_build_ = false;
};

const RegisterVerb<Evaluate> registered{
    "evaluate", "predict the parameters of another deck's problems with a trained network"};

}  // namespace
}  // namespace jpo
