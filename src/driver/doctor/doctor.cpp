// jpo doctor: looks at the binding where a run is to be, and says what to change.

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/communicator.hpp"
#include "core/log.hpp"
#include "core/session/library_build.hpp"
#include "driver/checkpoints.hpp"
#include "driver/deck_checks.hpp"
#include "driver/doctor/findings.hpp"
#include "driver/job.hpp"
#include "driver/verb.hpp"
#include "io/result_file.hpp"
#include "network/network_library.hpp"

namespace jpo {
namespace {

// What the deck says of a run; without one, what a run would do by default.
struct Plan {
  MemoryNeed memory;
  FileNeed files;
  /// 0: not known.
  std::int64_t useful_ranks = 0;
  /// Of the all-reduce.
  std::int64_t n_value = 200000;
  double walltime_s = 0.0;
  /// That stand at a time.
  std::int64_t n_checkpoint = 0;
  std::string output = RunSettings().output_path();
  /// Folder; empty: none.
  std::string checkpoints;
  OlderFiles older;
};

bool stands(const std::string& path, MPI_Comm comm) {
  return is_same_file(path, path, comm);
}

Plan plan_of(const Deck& deck, MPI_Comm comm) {
  const int n_rank = mpi::size(comm);
  const ModelShape shape = make_model(deck, Resolution::inversion)->shape();
  const auto& settings = deck.section<CheckpointSettings>("checkpoint");
  const auto& run = deck.section<RunSettings>("run");
  Plan plan;
  plan.memory = predict_memory(deck, shape, n_rank);
  plan.files = predict_files(deck, shape);
  plan.useful_ranks = max_useful_ranks(deck);
  // More says nothing new, and takes memory that the run may not have.
  constexpr std::int64_t most_values = 2000000;
  if (const std::int64_t n = count_weights(deck, shape); n > 0)
    plan.n_value = std::min(n, most_values);
  plan.walltime_s = settings.walltime_s;
  // The next one is complete before the oldest goes.
  plan.n_checkpoint = settings.keep + 1;
  plan.output = run.output_path();
  plan.checkpoints = checkpoint_folder(deck);
  plan.older = {stands(plan.output, comm), !find_checkpoints(plan.checkpoints, comm).empty(),
                run.overwrite, settings.resume == "auto"};
  return plan;
}

std::vector<LibraryBuild> library_builds() {
  std::vector<LibraryBuild> builds = core_library_builds();
  builds.push_back(network_library_build());
  builds.push_back(io_library_build());
  return builds;
}

std::vector<Finding> look_at_machines(const Plan& plan, const std::vector<LibraryBuild>& builds,
                                      const MachineFacts& around, MPI_Comm comm) {
  const std::vector<RankBinding> bindings = gather_bindings(comm);
  return {judge_ranks(bindings, around, plan.useful_ranks),
          judge_cores(bindings),
          judge_binding(bindings),
          judge_threads(bindings),
          judge_all_reduce(try_all_reduce(plan.n_value, comm)),
          judge_libraries(builds),
          judge_gpus(around),
          judge_limits(bindings, plan.memory, plan.files),
          judge_time(around, plan.walltime_s),
          judge_memory(bindings, plan.memory)};
}

// Collective writing, as much as a small run does and never more than the room there is.
Finding write_together(const TemporaryFolder& folder, const FileSystem& system,
                       const std::string& mpi, MPI_Comm comm) {
  constexpr double most_bytes = 64e6;
  constexpr double most_bytes_per_rank = 1e6;
  const int n_rank = mpi::size(comm);
  const double bytes =
      std::min({most_bytes_per_rank, most_bytes / n_rank, system.free_bytes / 4.0 / n_rank});
  return judge_parallel_write(try_parallel_write(folder.path(), bytes, comm), mpi);
}

std::vector<Finding> look_at_folders(const Plan& plan, const std::string& mpi,
                                     const MachineFacts& around, MPI_Comm comm) {
  const TemporaryFolder output(std::filesystem::path(plan.output).parent_path(), comm);
  std::vector<Finding> findings = {
      judge_folder("output", output.path(), output.refusal(), "run.output")};
  std::vector<Stored> stored;
  if (!plan.checkpoints.empty()) {
    const TemporaryFolder checkpoints(plan.checkpoints, comm);
    findings.push_back(judge_folder("checkpoints", checkpoints.path(), checkpoints.refusal(),
                                    "checkpoint.directory"));
    findings.push_back(judge_older_files(plan.older));
    if (checkpoints.refusal().empty())
      stored.push_back({fmt::format("{} checkpoints", plan.n_checkpoint),
                        static_cast<double>(plan.n_checkpoint) * plan.files.checkpoint,
                        file_system_of(checkpoints.path(), comm)});
  }
  if (output.refusal().empty()) {
    const FileSystem system = file_system_of(output.path(), comm);
    stored.insert(stored.begin(), {"the result", plan.files.result, system});
    findings.push_back(judge_file_system(system, mpi, around.mpi_io));
    findings.push_back(write_together(output, system, mpi, comm));
  }
  if (!stored.empty()) findings.push_back(judge_space(stored));
  return findings;
}

void show(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    log_info("{:<8} {:<14} {}", grade_name(finding.grade), finding.name, finding.found);
    if (!finding.change.empty()) log_info("{:<8} {:<14} change: {}", "", "", finding.change);
  }
}

std::vector<std::string> problems_of(const std::vector<Finding>& findings) {
  std::vector<std::string> names;
  for (const Finding& finding : findings)
    if (finding.grade == Grade::problem) names.push_back(finding.name);
  return names;
}

class Doctor final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override { add_deck(parser, deck_); }
  ExitCode run(const std::string& command, MPI_Comm comm) override;

 private:
  DeckArguments deck_;
};

// Leaves nothing behind.
ExitCode Doctor::run(const std::string& /*command*/, MPI_Comm comm) {
  if (deck_.path.empty() && !deck_.overrides.empty())
    throw BadInput(
        "jpo doctor: --set without a deck; allowed: jpo doctor, jpo doctor DECK --set ...");
  Plan plan;
  start_network_library();
  if (!deck_.path.empty()) {
    const Deck deck = load_deck(deck_.path, deck_.overrides, comm);
    check_deck(deck, comm);
    plan = plan_of(deck, comm);
  }
  const MachineFacts around = gather_machine_facts(comm);
  const std::vector<LibraryBuild> builds = library_builds();
  std::vector<Finding> findings = look_at_machines(plan, builds, around, comm);
  show(findings);
  const std::vector<Finding> of_files = look_at_folders(plan, builds.front().found, around, comm);
  show(of_files);
  findings.insert(findings.end(), of_files.begin(), of_files.end());
  log_info("{}", count_text(findings));
  if (count_of(of_files, Grade::problem) > 0)
    throw CannotWrite(
        fmt::format("a run could not write here: {}", fmt::join(problems_of(findings), ", ")));
  if (count_of(findings, Grade::problem) > 0)
    throw Error(ExitCode::too_many_failed,
                fmt::format("a run would fail here: {}", fmt::join(problems_of(findings), ", ")));
  return ExitCode::done;
}

const RegisterVerb<Doctor> registered{
    "doctor",
    "check ranks, cores, threads, all-reduce, libraries, memory, disk and parallel HDF5 of the "
    "machine of a run, for a deck or in general, and print what to change; run nothing. Exit code: "
    "0 "
    "no problem (warnings do not count), 2 the deck is bad, 3 a run would fail here, 4 it could "
    "not "
    "write"};

}  // namespace
}  // namespace jpo
