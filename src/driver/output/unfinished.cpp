// jpo result: writes a result file from the newest checkpoint of a run that has not finished.

#include <filesystem>

#include <fmt/format.h>

#include "core/log.hpp"
#include "core/session/petsc_options.hpp"
#include "deck/resolved.hpp"
#include "driver/checkpoints/checkpoints.hpp"
#include "driver/output/results.hpp"
#include "driver/output/screen.hpp"
#include "driver/verb.hpp"
#include "io/result_file.hpp"

namespace jpo {
namespace {

// The newest checkpoint of a folder, or the path itself if it is that of a file.
std::string checkpoint_at(const std::string& path, MPI_Comm comm) {
  if (checkpoint_number(path) > 0) return path;
  const auto found = find_checkpoints(path, comm);
  if (found.empty())
    throw BadInput(
        fmt::format("there is no checkpoint in {}; allowed: a folder of checkpoints "
                    "(<run.output>.checkpoints), or a checkpoint file",
                    path));
  return found.front();
}

// "runs/a.h5" -> "runs/a.incomplete.h5"
std::string incomplete_path(const std::string& output) {
  return std::filesystem::path(output).replace_extension(".incomplete.h5").string();
}

Deck stored_deck(const std::string& checkpoint, std::string output, MPI_Comm comm) {
  const std::string text = CheckpointReader(checkpoint, {}, comm).attribute("deck");
  const std::string name = "the deck in " + checkpoint;
  const Deck deck = read_deck(text, name, {}, program_catalogue());
  if (output.empty()) output = incomplete_path(deck.section<RunSettings>("run").output_path());
  std::string folder = std::filesystem::path(checkpoint).parent_path().string();
  return read_deck(text, name,
                   {"run.output=" + toml_value(&output), "run.stall_seconds=0",
                    "checkpoint.directory=" + toml_value(&folder)},
                   program_catalogue());
}

class UnfinishedResult final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override {
    parser
        .add_option("checkpoints", checkpoints_,
                    "folder of the checkpoints of a run, or one checkpoint file")
        ->required();
    parser.add_option("--output", output_,
                      "path of the new file; default: run.output with .incomplete.h5 as its end");
    parser.add_flag("--overwrite", overwrite_, "replace an existing file");
    add_notes(parser,
              {.examples = {"jpo result runs/diffusion.h5.checkpoints",
                            "jpo result runs/diffusion.h5.checkpoints --output now.h5 --overwrite"},
               .exit_codes = "  0  done\n"
                             "  2  bad input: command line, or no checkpoint of this program\n"
                             "  4  the file could not be written",
               .documents = "jobs/README.md (checkpoints); postprocess/README.md (result files)"});
  }
  ExitCode run(const std::string& command, MPI_Comm comm) override;

 private:
  std::string checkpoints_;
  std::string output_;
  bool overwrite_ = false;
};

ExitCode UnfinishedResult::run(const std::string& command, MPI_Comm comm) {
  const std::string checkpoint = checkpoint_at(checkpoints_, comm);
  Deck deck = stored_deck(checkpoint, output_, comm);
  const std::string output = deck.section<RunSettings>("run").output_path();
  check_output_path(output, overwrite_, comm);
  start_network_library();
  const PetscOptionsScope options_scope(deck.petsc);
  Job job(std::move(deck), comm);
  RunRecord record;
  record.command = command;
  record.started = time_stamp();
  record.overwrite = overwrite_;
  record.is_incomplete = true;
  record.resumed_by = "jpo run with --resume";
  record.accept_other_build = true;
  const OutputLock lock(comm);
  Checkpoints checkpoints(job, lock, record);
  job.set_interruptions(checkpoints);
  checkpoints.open(checkpoint);
  if (job.has_reference() && checkpoints.has_running_method())
    job.restore(job.deck().methods[job.results().size()]);
  if (job.results().empty())
    throw BadInput(fmt::format("{} has no answers yet; allowed: a later checkpoint", checkpoint));
  const std::vector<Judgement> judgements = judge_all(job);
  show_results(job, judgements);
  record.builds = checkpoints.builds();
  write_results(job, judgements, record);
  log_info("\nincomplete result, {} of {} methods begun: {}", job.results().size(),
           job.deck().methods.size(), output);
  return ExitCode::done;
}

const RegisterVerb<UnfinishedResult> registered{
    "result", "write the answers of an unfinished run, from its newest checkpoint"};

}  // namespace
}  // namespace jpo
