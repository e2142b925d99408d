// jpo: start the libraries, parse the command line, one call, one exit code.

#include <cstdio>
#include <exception>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <mpi.h>

#include "core/errors.hpp"
#include "core/log.hpp"
#include "core/session/session.hpp"
#include "driver/verbs.hpp"

namespace {

using jpo::ExitCode;

std::string command_line(int argc, char** argv) {
  std::string line;
  for (int k = 0; k < argc; ++k) line += (k > 0 ? " " : "") + std::string(argv[k]);
  return line;
}

void add_overrides(CLI::App& verb, jpo::DeckArguments& arguments) {
  verb.add_option("--set", arguments.overrides,
                  "section.key=value, the value in TOML; method.NAME.key=value for a method; "
                  "repeatable")
      ->take_all()
      ->allow_extra_args(false);
}

// A verb that takes a deck and --set.
CLI::App* add_deck_verb(CLI::App& app, const std::string& name, const std::string& text,
                        jpo::DeckArguments& arguments) {
  CLI::App* verb = app.add_subcommand(name, text);
  verb->add_option("deck", arguments.path, "input deck (TOML)");
  add_overrides(*verb, arguments);
  return verb;
}

CLI::App* add_evaluate(CLI::App& app, jpo::EvaluateArguments& arguments) {
  CLI::App* verb = app.add_subcommand(
      "evaluate",
      "predict the problems of another deck with a trained network, and run the deck's "
      "methods beside it: they may start from its answers, method \"predict\"");
  verb->add_option("result", arguments.result, "result file that holds the network")->required();
  verb->add_option("--deck", arguments.deck.path, "input deck (TOML) of the problems")->required();
  add_overrides(*verb, arguments.deck);
  verb->add_option("--network", arguments.network,
                   "method that trained it, where the file has several networks");
  verb->add_option("--output", arguments.output,
                   "path of the new result file; default: the deck's run.output");
  verb->add_flag("--overwrite", arguments.overwrite, "replace an existing result file");
  return verb;
}

ExitCode dispatch(int argc, char** argv, const jpo::Session& session) {
  CLI::App app{"jpo: joint solution of large sets of related inverse problems", "jpo"};
  app.require_subcommand(1);
  jpo::DeckArguments arguments;
  jpo::RunArguments run_arguments;
  run_arguments.command = command_line(argc, argv);
  bool overwrite = false;
  bool keys = false;
  bool list_only = false;
  double gradient_factor = 1.0;
  CLI::App* run = add_deck_verb(app, "run", "solve the deck's problems", arguments);
  run->add_flag("--overwrite", run_arguments.overwrite,
                "replace an existing result file, remove checkpoints of an unfinished run");
  CLI::Option* resume = run->add_flag("--resume", run_arguments.resume,
                                      "go on from the newest checkpoint of this deck");
  run->add_option("--resume-from", run_arguments.resume_from, "go on from this checkpoint")
      ->excludes(resume);
  CLI::App* study =
      add_deck_verb(app, "study", "run every cell of the deck's [study], resuming it", arguments);
  study->add_flag("--overwrite", overwrite, "replace result files of another deck");
  study->add_flag("--list", list_only, "print the table of runs, run nothing");
  jpo::EvaluateArguments evaluation;
  const CLI::App* evaluate = add_evaluate(app, evaluation);
  CLI::App* check =
      add_deck_verb(app, "check", "validate a deck, print it resolved, run nothing", arguments);
  check->add_flag("--keys", keys, "print every key that a deck can have");
  CLI::App* verify =
      add_deck_verb(app, "verify", "check gradients of the deck's model and network", arguments);
  verify->add_option("--spoil-gradient", gradient_factor,
                     "multiply the gradient by this: anything but 1 must fail");
  CLI::App* doctor = add_deck_verb(
      app, "doctor",
      "check ranks, cores, threads, all-reduce, libraries, memory, disk and parallel HDF5 where a "
      "run is to be, for a deck or in general, and say what to change; run nothing. Exit code: 0 "
      "no problem (warnings do not count), 2 the deck is bad, 3 a run would fail here, 4 it could "
      "not write",
      arguments);
  CLI::App* models = app.add_subcommand("models", "list the forward models");
  CLI::App* version = app.add_subcommand("version", "version, revision, libraries");
  try {
    app.parse(argc, argv);
    const bool is_general = doctor->parsed() && arguments.overrides.empty();
    const bool needs_deck =
        !keys && !evaluate->parsed() && !is_general && !models->parsed() && !version->parsed();
    if (needs_deck && arguments.path.empty()) throw CLI::RequiredError("deck");
  } catch (const CLI::ParseError& error) {
    if (session.rank() == 0) app.exit(error);
    return error.get_exit_code() == 0 ? ExitCode::done : ExitCode::bad_input;
  }
  if (run->parsed()) return jpo::run(arguments, run_arguments, session.comm());
  if (study->parsed())
    return jpo::study({arguments, overwrite, list_only}, command_line(argc, argv), session.comm());
  if (evaluate->parsed())
    return jpo::evaluate(evaluation, command_line(argc, argv), session.comm());
  if (check->parsed()) return keys ? jpo::check_keys() : jpo::check(arguments, session.comm());
  if (verify->parsed()) return jpo::verify(arguments, gradient_factor, session.comm());
  if (doctor->parsed()) return jpo::doctor(arguments, session.comm());
  if (models->parsed()) return jpo::list_models();
  return jpo::show_version();
}

}  // namespace

int main(int argc, char** argv) {
  const jpo::Session session(&argc, &argv);
  jpo::start_log(session.rank());
  try {
    return static_cast<int>(dispatch(argc, argv, session));
  } catch (const jpo::Error& error) {
    if (session.rank() == 0) std::fprintf(stderr, "jpo: %s\n", error.what());
    // No rank leaves before rank 0 has spoken: mpirun kills the others at the first failure.
    MPI_Barrier(session.comm());
    // A file that could not be written is still open: HDF5 would try again to close it inside
    // MPI_Finalize, and hang there or crash.
    if (error.code() == jpo::ExitCode::cannot_write) {
      std::fflush(nullptr);
      _exit(static_cast<int>(error.code()));
    }
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "jpo: internal error on rank %d: %s\n", session.rank(), error.what());
    MPI_Abort(session.comm(), static_cast<int>(ExitCode::internal_error));
  }
  return static_cast<int>(ExitCode::internal_error);
}
