#include <fmt/format.h>

#include "core/log.hpp"
#include "driver/results.hpp"
#include "driver/screen.hpp"
#include "driver/verbs.hpp"
#include "io/result_file.hpp"

namespace jpo {
namespace {

int n_rank_of(const Job& job) {
  int n_rank = 1;
  MPI_Comm_size(job.comm(), &n_rank);
  return n_rank;
}

void show_done(const MethodDeck& method, const MethodResult& result) {
  say("  {:<16} done in {:.1f} s", method.name, result.seconds);
}

}  // namespace

ExitCode run(const DeckArguments& arguments, bool overwrite, const std::string& command,
             MPI_Comm comm) {
  RunRecord record{command, time_stamp(), overwrite};
  Deck deck = load_deck(arguments.path, arguments.overrides, comm);
  const auto settings = deck.section<RunSettings>("run");
  record.overwrite = overwrite || settings.overwrite;
  check_output_path(settings.output_path(), record.overwrite, comm);
  apply_petsc_options(deck);
  start_network_library();

  show_header(comm);
  Job job(std::move(deck), comm);
  show_sizes(job.deck(), job.shape(), n_rank_of(job));
  show_problems(job);
  for (const MethodDeck& method : job.deck().methods) {
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
  say("\nresult: {}", settings.output_path());

  const double failed = failed_fraction(job);
  if (failed > settings.max_failed_fraction || failed == 1.0)
    throw TooManyFailed(fmt::format(
        "{:.1f} % of the problems have no answer, run.max_failed_fraction allows {:.1f} %; the "
        "result file is complete and says why, problem by problem",
        100.0 * failed, 100.0 * settings.max_failed_fraction));
  return ExitCode::done;
}

}  // namespace jpo
