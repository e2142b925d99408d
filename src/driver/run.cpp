#include "driver/run.hpp"

#include <fmt/format.h>

#include "core/communicator.hpp"
#include "core/log.hpp"
#include "driver/checkpoints.hpp"
#include "driver/deck_checks.hpp"
#include "driver/output/screen.hpp"
#include "driver/verb.hpp"
#include "io/output_folder.hpp"
#include "io/result_file.hpp"

namespace jpo {
namespace {

void show_done(const MethodDeck& method, const MethodResult& result) {
  log_info("  {:<16} done in {:.1f} s", method.name, result.seconds);
}

std::string too_many_text(double failed, const RunSettings& settings) {
  return fmt::format(
      "{:.1f} % of the problems have no answer, run.max_failed_fraction allows {:.1f} %",
      100.0 * failed, 100.0 * settings.max_failed_fraction);
}

// Before the next method, as no later one can mend it.
void refuse_too_many_failed(const Job& job, const std::string& resumed_by,
                            Checkpoints& checkpoints) {
  const auto& settings = job.deck().section<RunSettings>("run");
  const double failed = failed_fraction(job);
  if (job.results().empty() || failed <= settings.max_failed_fraction) return;
  const std::string path = checkpoints.save_between_methods();
  throw TooManyFailed(fmt::format(
      "after method '{}' {}; stopped, {} of {} methods done; with a larger run.max_failed_fraction "
      "{} goes on from {}",
      job.deck().methods[job.results().size() - 1].name, too_many_text(failed, settings),
      job.results().size(), job.deck().methods.size(), resumed_by, path));
}

void check_checkpoint_folder(const std::string& path, MPI_Comm comm) {
  const TemporaryFolder folder(path, comm);
  if (!folder.refusal().empty())
    throw BadInput(fmt::format(
        "checkpoint.directory = \"{}\" cannot be written in: {}; allowed: a folder where you may "
        "write",
        path, folder.refusal()));
}

}  // namespace

void run_deck(Deck deck, const RunRecord& record, MPI_Comm comm) {
  const auto settings = deck.section<RunSettings>("run");
  const PetscOptionsScope options_scope(deck);
  Job job(std::move(deck), comm);
  show_sizes(job.deck(), job.shape(), mpi::size(job.comm()), job.solve_batch());
  show_problems(job);
  Checkpoints checkpoints(job, record.resumed_by);
  job.set_interruptions(checkpoints);
  if (!record.checkpoint.empty()) checkpoints.open(record.checkpoint);
  while (job.results().size() < job.deck().methods.size()) {
    refuse_too_many_failed(job, record.resumed_by, checkpoints);
    checkpoints.pause_between_methods();
    const MethodDeck& method = job.deck().methods[job.results().size()];
    job.solve(method);
    show_done(method, job.results().back());
  }
  show_results(job);
  for (const std::string& option : unused_petsc_options(job.deck(), job.comm()))
    warn(
        "[petsc] option '{}' was used by nothing; a method's options start with its name, in lower "
        "case, with + and - as _, and one more _",
        option);
  write_results(job, record);
  checkpoints.remove_all();
  log_info("\nresult: {}", settings.output_path());

  const double failed = failed_fraction(job);
  if (!settings.allows_failed(failed))
    throw TooManyFailed(too_many_text(failed, settings) +
                        "; the result file is complete and says why, problem by problem");
}

void check_and_run_deck(Deck deck, const RunArguments& arguments, MPI_Comm comm) {
  const auto& settings = deck.section<RunSettings>("run");
  RunRecord record{
      arguments.command,   time_stamp(), arguments.overwrite || settings.overwrite, "", "",
      arguments.resumed_by};
  start_network_library();
  check_deck(deck, comm);
  check_output_path(settings.output_path(), record.overwrite, comm);
  record.checkpoint =
      choose_checkpoint(deck, arguments.resume, arguments.resume_from, record.overwrite, comm);
  check_checkpoint_folder(checkpoint_folder(deck), comm);
  show_header(comm);
  for (const std::string& part : stale_parts(settings.output_path(), comm))
    warn("{} was left by a run that was killed while it wrote its result: it can be removed", part);
  run_deck(std::move(deck), record, comm);
}

namespace {

class Run final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override {
    add_deck(parser, deck_)->required();
    parser.add_flag("--overwrite", arguments_.overwrite,
                    "replace an existing result file, remove checkpoints of an unfinished run");
    CLI::Option* resume = parser.add_flag("--resume", arguments_.resume,
                                          "resume from the newest checkpoint of this deck");
    parser.add_option("--resume-from", arguments_.resume_from, "resume from this checkpoint")
        ->excludes(resume);
  }
  ExitCode run(const std::string& command, MPI_Comm comm) override {
    arguments_.command = command;
    check_and_run_deck(load_deck(deck_.path, deck_.overrides, comm), arguments_, comm);
    return ExitCode::done;
  }

 private:
  DeckArguments deck_;
  RunArguments arguments_;
};

const RegisterVerb<Run> registered{"run", "solve the deck's problems"};

}  // namespace
}  // namespace jpo
