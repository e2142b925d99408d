#include "driver/run.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/communicator.hpp"
#include "core/log.hpp"
#include "core/session/petsc_options.hpp"
#include "core/session/watchdog.hpp"
#include "deck/expand_path.hpp"
#include "deck/key_attributes.hpp"
#include "deck/resolved.hpp"
#include "driver/checkpoints/checkpoints.hpp"
#include "driver/deck_checks.hpp"
#include "driver/output/screen.hpp"
#include "driver/verb.hpp"
#include "io/checkpoint_file.hpp"
#include "io/output_folder.hpp"
#include "io/result_file.hpp"
#include "io/stored_run.hpp"

namespace jpo {
namespace {

void show_done(const MethodDeck& method, const MethodResult& result) {
  log_info("  {:<20} done in {:.1f} s", method.name, result.seconds);
}

std::string too_many_text(double failed, const RunSettings& settings) {
  if (failed >= 1.0) return "no problem has an answer";
  return fmt::format(
      "{:.1f} % of the problems have no answer; run.max_failed_fraction allows {:.1f} %",
      100.0 * failed, 100.0 * settings.max_failed_fraction);
}

// Called before each method, because a later method cannot reduce the failures of an earlier one.
void refuse_too_many_failed(const Job& job, const std::string& resumed_by,
                            Checkpoints& checkpoints) {
  const auto& settings = job.deck().section<RunSettings>("run");
  const double failed = failed_fraction(job);
  if (job.results().empty() || failed <= settings.max_failed_fraction) return;
  const std::string path = checkpoints.save_between_methods();
  throw TooManyFailed(fmt::format(
      "after method '{}' {}; stopped, {} of {} methods done; to resume from {} with a larger "
      "run.max_failed_fraction: {}",
      job.deck().methods[job.results().size() - 1].name, too_many_text(failed, settings),
      job.results().size(), job.deck().methods.size(), path, resumed_by));
}

void check_checkpoint_folder(const std::string& path, MPI_Comm comm) {
  const TemporaryFolder folder(path, comm);
  if (!folder.refusal().empty())
    throw BadInput(fmt::format(
        "checkpoint.directory = \"{}\": no file can be written there: {}; allowed: a writable "
        "folder",
        path, folder.refusal()));
}

WatchdogSettings watchdog_settings(const Deck& deck) {
  WatchdogSettings settings{.stall_seconds = deck.section<RunSettings>("run").stall_seconds,
                            .is_armed_at_start = deck.given.contains("run.stall_seconds"),
                            .methods = {},
                            .marker = stall_marker(checkpoint_folder(deck))};
  for (const MethodDeck& method : deck.methods) settings.methods.push_back(method.name);
  return settings;
}

}  // namespace

Deck select_methods(Deck deck, const std::vector<std::string>& only) {
  std::set<std::string> wanted(only.begin(), only.end());
  // The methods that a method refers to stand before it.
  for (auto method = deck.methods.rbegin(); method != deck.methods.rend(); ++method)
    if (wanted.contains(method->name))
      for (const std::string& earlier : earlier_methods(*method)) wanted.insert(earlier);
  std::vector<std::string> names;
  for (const MethodDeck& method : deck.methods) names.push_back(method.name);
  for (const std::string& name : only)
    if (std::ranges::find(names, name) == names.end())
      throw BadInput(fmt::format("--only {}: the deck has no such method; allowed: {}", name,
                                 fmt::join(names, ", ")));
  std::erase_if(deck.methods, [&](const MethodDeck& m) { return !wanted.contains(m.name); });
  deck.resolved = resolved_text(deck, program_catalogue());
  return deck;
}

void run_deck(Deck deck, const RunRecord& record, const OutputLock& lock, MPI_Comm comm) {
  lock.check();
  const auto settings = deck.section<RunSettings>("run");
  const PetscOptionsScope options_scope(deck.petsc);
  const Watchdog watchdog(watchdog_settings(deck), comm);
  Job job(std::move(deck), comm);
  for (const std::string& line :
       sizes_text(job.deck(), job.shape(), mpi::size(job.comm()), job.solve_batch()))
    log_info("{}", line);
  show_problems(job);
  Checkpoints checkpoints(job, lock, record);
  job.set_interruptions(checkpoints);
  if (!record.checkpoint.empty()) checkpoints.open(record.checkpoint);
  job.find_reference();
  while (job.results().size() < job.deck().methods.size()) {
    refuse_too_many_failed(job, record.resumed_by, checkpoints);
    checkpoints.pause_between_methods();
    const MethodDeck& method = job.deck().methods[job.results().size()];
    job.solve(method);
    show_done(method, job.results().back());
  }
  own_progress().method = static_cast<std::int32_t>(job.results().size());
  const std::vector<Judgement> judgements = judge_all(job);
  show_results(job, judgements);
  options_scope.view_log();
  for (const std::string& option : unused_petsc_options(job.deck().petsc, job.comm()))
    warn(
        "unused [petsc] option '{}': no PETSc object has read it; the options of a method start "
        "with "
        "its name in lower case, with + and - replaced by _, and one more _",
        option);
  lock.check();
  RunRecord complete = record;
  complete.builds = checkpoints.builds();
  write_results(job, judgements, complete);
  checkpoints.remove_all();
  log_info("\nresult: {}", settings.output_path());

  const double failed = failed_fraction(job);
  if (!settings.allows_failed(failed))
    throw TooManyFailed(too_many_text(failed, settings) +
                        "; the result file is complete and has the reason of each problem");
}

void check_and_run_deck(Deck deck, const RunArguments& arguments, MPI_Comm comm) {
  const auto& settings = deck.section<RunSettings>("run");
  RunRecord record{.command = arguments.command,
                   .started = time_stamp(),
                   .overwrite = arguments.overwrite || settings.overwrite,
                   .variant = "",
                   .checkpoint = "",
                   .resumed_by = arguments.resumed_by,
                   .accept_other_build = arguments.accept_other_build,
                   .builds = ""};
  start_network_library();
  check_deck(deck, comm);
  const OutputLock lock(deck, comm);
  check_output_path(settings.output_path(), record.overwrite, comm);
  record.checkpoint =
      choose_checkpoint(deck, arguments.resume, arguments.resume_from, record.overwrite, comm);
  check_checkpoint_folder(checkpoint_folder(deck), comm);
  show_header(comm);
  for (const std::string& part : stale_parts(settings.output_path(), comm))
    warn("{} is {}", part,
         read_stored_run(part, comm).is_result
             ? "the complete result of a run that could not place it at its path; rename it"
             : "an incomplete result of a run that was killed while writing; it can be removed");
  run_deck(std::move(deck), record, lock, comm);
}

namespace {

void list_methods(const Deck& deck) {
  for (const MethodDeck& method : deck.methods) {
    const std::vector<std::string> earlier = earlier_methods(method);
    log_info("{:<24} {}{}", method.name, method.kind,
             earlier.empty() ? "" : fmt::format("  uses {}", fmt::join(earlier, ", ")));
  }
}

class Run final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override {
    add_deck(parser, deck_)->required();
    parser.add_flag("--overwrite", arguments_.overwrite,
                    "replace an existing result file; remove checkpoints of an unfinished run");
    CLI::Option* resume = parser.add_flag("--resume", arguments_.resume,
                                          "resume from the newest checkpoint of this deck");
    parser.add_option("--resume-from", arguments_.resume_from, "resume from this checkpoint file")
        ->excludes(resume);
    add_accept_other_build(parser, arguments_.accept_other_build);
    parser
        .add_option("--only", only_,
                    "run only these methods, NAME[,NAME], and those that they start from")
        ->delimiter(',');
    parser.add_flag("--list-methods", lists_methods_,
                    "print name, kind and earlier methods of each method, and run nothing");
    add_notes(parser,
              {.examples = {"mpirun -n 8 jpo run inputs/kuramoto_sivashinsky.toml",
                            "mpirun -n 8 jpo run inputs/kuramoto_sivashinsky.toml --resume",
                            ("jpo run inputs/diffusion.toml --set run.seed=1 "
                             "--set method.joint.updates=200 --set run.output=runs/seed1.h5"),
                            "jpo run inputs/diffusion.toml --overwrite",
                            "jpo run inputs/diffusion.toml --list-methods",
                            "jpo run inputs/diffusion.toml --only joint+refine",
                            ("jpo run inputs/diffusion.toml --resume-from "
                             "runs/diffusion.h5.checkpoints/checkpoint_000002.h5")},
               .exit_codes = kRunExitCodes,
               .documents = "inputs/README.md (decks, methods); jobs/README.md (clusters, "
                            "checkpoints)"});
  }
  ExitCode run(const std::string& command, MPI_Comm comm) override {
    arguments_.command = command;
    Deck deck = load_deck(deck_.path, deck_.overrides, comm);
    try {
      arguments_.resume_from = expand_path(arguments_.resume_from);
    } catch (const BadInput& error) {
      throw BadInput(fmt::format("--resume-from {}; allowed: {}", error.what(), kPathForm));
    }
    if (!only_.empty()) deck = select_methods(std::move(deck), only_);
    if (lists_methods_)
      list_methods(deck);
    else
      check_and_run_deck(std::move(deck), arguments_, comm);
    return ExitCode::done;
  }

 private:
  DeckArguments deck_;
  RunArguments arguments_;
  std::vector<std::string> only_;
  bool lists_methods_ = false;
};

const RegisterVerb<Run> registered{
    "run", "solve the problems of a deck with its methods and write the result file"};

}  // namespace
}  // namespace jpo
