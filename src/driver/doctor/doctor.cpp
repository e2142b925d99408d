// jpo doctor: checks the machines of a run and suggests fixes.

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/communicator.hpp"
#include "core/log.hpp"
#include "core/session/environment.hpp"
#include "core/session/library_build.hpp"
#include "driver/checkpoints/checkpoints.hpp"
#include "driver/deck_checks.hpp"
#include "driver/doctor/findings.hpp"
#include "driver/job.hpp"
#include "driver/verb.hpp"
#include "io/result_file.hpp"
#include "network/network_library.hpp"

namespace jpo {
namespace {

// Needs of the run of a deck; without a deck, those of the defaults.
struct Plan {
  MemoryNeed memory;
  FileNeed files;
  /// Largest number of ranks that have work; 0: not known.
  std::int64_t useful_ranks = 0;
  /// Numbers in the all-reduce.
  std::int64_t n_value = 200000;
  /// checkpoint.walltime_s; 0: not set.
  double walltime_s = 0.0;
  /// Largest number of checkpoints that exist at the same time.
  std::int64_t n_checkpoint = 0;
  std::string output = RunSettings().output_path();
  /// Folder of the checkpoints; empty: none.
  std::string checkpoints;
  OlderFiles older;
};

bool exists(const std::string& path, MPI_Comm comm) {
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
  // More values add no information, and their memory may exceed that of the run.
  constexpr std::int64_t most_values = 2000000;
  if (const std::int64_t n = count_weights(deck, shape); n > 0)
    plan.n_value = std::min(n, most_values);
  plan.walltime_s = settings.walltime_s;
  // The next checkpoint is complete before the oldest is removed.
  plan.n_checkpoint = settings.keep + 1;
  plan.output = run.output_path();
  plan.checkpoints = checkpoint_folder(deck);
  plan.older = {exists(plan.output, comm), !find_checkpoints(plan.checkpoints, comm).empty(),
                run.overwrite, settings.resume == "auto"};
  return plan;
}

std::vector<LibraryBuild> library_builds() {
  std::vector<LibraryBuild> builds = core_library_builds();
  builds.push_back(network_library_build());
  builds.push_back(io_library_build());
  return builds;
}

std::vector<Finding> judge_machines(const Plan& plan, const std::vector<LibraryBuild>& builds,
                                    const MachineFacts& machine_facts, MPI_Comm comm) {
  const std::vector<RankBinding> bindings = gather_bindings(comm);
  return {judge_ranks(bindings, machine_facts, plan.useful_ranks),
          judge_cores(bindings),
          judge_binding(bindings),
          judge_threads(bindings),
          judge_all_reduce(try_all_reduce(plan.n_value, comm)),
          judge_libraries(builds),
          judge_gpus(machine_facts),
          judge_limits(bindings, plan.memory, plan.files),
          judge_time(machine_facts, plan.walltime_s),
          judge_memory(bindings, plan.memory)};
}

// Tries collective writing, with the size of a small result and at most a quarter of the free
// space.
Finding judge_collective_write(const TemporaryFolder& folder, const FileSystem& system,
                               const std::string& mpi, MPI_Comm comm) {
  constexpr double most_bytes = 64e6;
  constexpr double most_bytes_per_rank = 1e6;
  const int n_rank = mpi::size(comm);
  const double bytes =
      std::min({most_bytes_per_rank, most_bytes / n_rank, system.free_bytes / 4.0 / n_rank});
  return judge_parallel_write(try_parallel_write(folder.path(), bytes, comm), mpi);
}

std::vector<Finding> judge_folders(const Plan& plan, const std::string& mpi,
                                   const MachineFacts& machine_facts, MPI_Comm comm) {
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
    findings.push_back(judge_file_system(system, mpi, machine_facts.mpi_io));
    findings.push_back(judge_collective_write(output, system, mpi, comm));
  }
  if (!stored.empty()) findings.push_back(judge_space(stored));
  return findings;
}

void show(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    log_info("{:<8} {:<14} {}", grade_name(finding.grade), finding.name, finding.found);
    if (!finding.fix.empty()) log_info("{:<8} {:<14} fix: {}", "", "", finding.fix);
  }
}

// Rank 0 prints its values; the variables of other ranks may differ.
void show_environment() {
  log_info("\nenvironment variables that jpo reads, also $NAME in paths of a deck:");
  for (const EnvironmentVariable& variable : environment_variables()) {
    const std::string value = environment_value(variable.name);
    log_info("  {:<22} {:<20} {}", variable.name, value.empty() ? "not set" : value,
             variable.description);
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
  void add_arguments(CLI::App& parser) override {
    add_deck(parser, deck_);
    add_notes(
        parser,
        {.examples = {"mpirun -n 8 jpo doctor inputs/kuramoto_sivashinsky.toml   (as the run)",
                      "jpo doctor   (without a deck: no predictions of memory and files)"},
         .exit_codes = "  0  no problem; there may be warnings\n"
                       "  2  bad input: command line or deck\n"
                       "  3  a run would fail here, for example for lack of memory\n"
                       "  4  a run could not write its files here",
         .documents = "jobs/README.md (installation, clusters)"});
  }
  ExitCode run(const std::string& command, MPI_Comm comm) override;

 private:
  DeckArguments deck_;
};

// Removes all its files.
ExitCode Doctor::run(const std::string& /*command*/, MPI_Comm comm) {
  if (deck_.path.empty() && !deck_.overrides.empty())
    throw BadInput(
        "jpo doctor: --set needs a deck; allowed: jpo doctor, jpo doctor DECK --set ...");
  Plan plan;
  start_network_library();
  if (!deck_.path.empty()) {
    const Deck deck = load_deck(deck_.path, deck_.overrides, comm);
    check_deck(deck, comm);
    plan = plan_of(deck, comm);
  }
  const MachineFacts machine_facts = gather_machine_facts(comm);
  const std::vector<LibraryBuild> builds = library_builds();
  std::vector<Finding> findings = judge_machines(plan, builds, machine_facts, comm);
  show(findings);
  const std::vector<Finding> of_files =
      judge_folders(plan, builds.front().found, machine_facts, comm);
  show(of_files);
  findings.insert(findings.end(), of_files.begin(), of_files.end());
  show_environment();
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
    "check the machines of a run (ranks, cores, libraries, memory, files); suggest fixes"};

}  // namespace
}  // namespace jpo
