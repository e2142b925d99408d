// jpo study: runs every cell of the deck's [study], one after the other in one process. A cell with
// a complete result file is skipped, so the same command resumes a stopped study.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/log.hpp"
#include "core/phase_timer.hpp"
#include "data/file_set.hpp"
#include "deck/differing_keys.hpp"
#include "deck/key_attributes.hpp"
#include "driver/build.hpp"
#include "driver/checkpoints/checkpoints.hpp"
#include "driver/output/screen.hpp"
#include "driver/run.hpp"
#include "driver/study/study_cells.hpp"
#include "driver/verb.hpp"
#include "io/result_file.hpp"
#include "io/stored_run.hpp"
#include "solving/progress.hpp"

namespace jpo {
namespace {

// State of the file at the path of a cell's result: `other` if it is not the result of this cell.
enum class CellState : std::uint8_t { absent, done, other };

struct Found {
  CellState state = CellState::absent;
  /// Difference between the file and this cell, if the state is `other`.
  std::string difference;
  /// True if the state is `done` and more problems failed than the deck allows.
  bool failed = false;
  /// The build that wrote the file, if the state is `done`.
  std::string build;
};

// Returns the hash of the problems that the deck's problem file has now.
std::string hash_of_file(const Deck& deck, MPI_Comm comm) {
  const auto model = make_model(deck, Resolution::inversion);
  return hash_problems(read_problems(deck.section<DataSettings>("data"), make_shard(deck, comm),
                                     model->shape(), comm),
                       comm);
}

Found find_result(const StudyCell& cell, bool accept_other_build, MPI_Comm comm) {
  const StoredRun stored = read_stored_run(cell.path, comm);
  if (!stored.exists) return {};
  if (!stored.is_result)
    return {CellState::other, stored.problem.empty() ? "not a jpo result file" : stored.problem,
            false, ""};
  // Keys without an effect on the result may differ, for example run.output.
  auto keys = differing_keys(cell.deck.resolved, stored.deck, keys_without_effect(cell.deck));
  const auto& data = cell.deck.section<DataSettings>("data");
  if (keys.empty() && data.from_file() && stored.problems_hash != hash_of_file(cell.deck, comm))
    keys.push_back(fmt::format("the problems in {} have changed", data.file));
  const Build build{stored.code_hash, stored.git_revision};
  if (const std::string other = other_build(build); !other.empty() && !accept_other_build)
    keys.push_back(other);
  if (!keys.empty()) return {CellState::other, fmt::format("{}", fmt::join(keys, ", ")), false, ""};
  return {CellState::done, "",
          !cell.deck.section<RunSettings>("run").allows_failed(stored.failed_fraction),
          build_list(build)};
}

std::string name_of(const StudyCell& cell) {
  return fmt::format("{}, n = {}, seed {}", cell.variant, cell.n_problem, cell.seed);
}

void show_list(const std::vector<StudyCell>& cells, const std::vector<Found>& found) {
  log_info("{:>5}  {:<20} {:>10} {:>10}  {:<8}  {}", "cell", "variant", "n", "seed", "result",
           "file");
  for (std::size_t k = 0; k < cells.size(); ++k) {
    const char* state = found[k].state == CellState::absent ? "to run"
                        : found[k].state == CellState::done ? "done"
                                                            : "differs";
    const std::string file = fmt::format(
        "{}{}{}", cells[k].path, found[k].difference.empty() ? "" : ": ", found[k].difference);
    log_info("{:>5}  {:<20} {:>10} {:>10}  {:<8}  {}", k + 1, cells[k].variant, cells[k].n_problem,
             cells[k].seed, state, file);
  }
}

void refuse_others(const std::vector<StudyCell>& cells, const std::vector<Found>& found) {
  std::vector<std::string> others;
  for (std::size_t k = 0; k < cells.size(); ++k)
    if (found[k].state == CellState::other)
      others.push_back(fmt::format("{}: {}", cells[k].path, found[k].difference));
  if (others.empty()) return;
  for (const std::string& other : others)
    warn("the result belongs to another deck or build: {}", other);
  throw BadInput(fmt::format(
      "{} of {} results exist and belong to another deck or build; allowed: another study.output, "
      "--overwrite to run their cells again, or --accept-other-build if only the build differs; "
      "the first is {}",
      others.size(), cells.size(), others.front()));
}

// Runs the cells one after the other and counts them.
class Study {
 public:
  /// `record`: facts that all cells share.
  Study(std::vector<StudyCell> cells, std::vector<Found> found, RunRecord record, MPI_Comm comm)
      : cells_(std::move(cells)),
        found_(std::move(found)),
        record_(std::move(record)),
        comm_(comm) {
    for (std::size_t k = 0; k < cells_.size(); ++k) {
      add_builds(record_.builds, found_[k].build);
      if (found_[k].state != CellState::done) problems_left_ += cells_[k].n_problem;
    }
  }

  void run() {
    for (std::size_t k = 0; k < cells_.size(); ++k) {
      if (found_[k].state == CellState::done) {
        show_done(k);
      } else {
        run_cell(k);
      }
    }
  }

  void report() const {
    log_info("\nstudy: {} cells, {} run now, {} done before", cells_.size(), n_run_,
             cells_.size() - n_run_);
    if (!failed_.empty())
      throw TooManyFailed(fmt::format(
          "in {} of {} cells more problems failed than run.max_failed_fraction allows; each has a "
          "result file or, if it was stopped, a checkpoint: {}",
          failed_.size(), cells_.size(), fmt::join(failed_, "; ")));
  }

 private:
  void show_done(std::size_t k) {
    log_info("cell {} of {}: {}: already done, {}", k + 1, cells_.size(), name_of(cells_[k]),
             cells_[k].path);
    if (found_[k].failed) failed_.push_back(name_of(cells_[k]));
  }

  void run_cell(std::size_t k) {
    StudyCell& cell = cells_[k];
    log_info("\n=== cell {} of {}: {}{}", k + 1, cells_.size(), name_of(cell), time_left());
    const auto start = PhaseTimer::Clock::now();
    try {
      const OutputLock lock(cell.deck, comm_);
      // Another study may have written the result since the start of this one.
      if (const Found now = find_result(cell, record_.accept_other_build, comm_);
          now.state == CellState::done) {
        found_[k] = now;
        problems_left_ -= cell.n_problem;
        return show_done(k);
      }
      const auto checkpoints = find_checkpoints(checkpoint_folder(cell.deck), comm_);
      RunRecord record = record_;
      record.started = time_stamp();
      record.overwrite = found_[k].state == CellState::other;
      record.variant = cell.variant;
      if (!checkpoints.empty()) record.checkpoint = checkpoints.front();
      run_deck(std::move(cell.deck), record, lock, comm_);
    } catch (const TooManyFailed& error) {
      // All ranks throw this, after the result file or a checkpoint was written.
      warn("{}", error.what());
      failed_.push_back(name_of(cell));
    }
    seconds_ += seconds_since(start);
    problems_done_ += cell.n_problem;
    problems_left_ -= cell.n_problem;
    ++n_run_;
  }

  // Estimates the time left from the mean time per problem of the cells run so far.
  std::string time_left() const {
    if (problems_done_ == 0) return "";
    return ", about " +
           duration_text(seconds_ / static_cast<double>(problems_done_) *
                         static_cast<double>(problems_left_)) +
           " left";
  }

  std::vector<StudyCell> cells_;
  std::vector<Found> found_;
  RunRecord record_;
  MPI_Comm comm_;
  std::vector<std::string> failed_;
  std::size_t n_run_ = 0;
  double seconds_ = 0.0;
  std::int64_t problems_done_ = 0;
  std::int64_t problems_left_ = 0;
};

class StudyVerb final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override {
    add_deck(parser, deck_)->required();
    parser.add_flag("--overwrite", overwrite_,
                    "replace result files that belong to another deck or build");
    parser.add_flag("--list", list_only_, "print the table of cells and their states; run nothing");
    add_accept_other_build(parser, accept_other_build_);
    add_notes(parser, {.examples = {"mpirun -n 2 jpo study inputs/paper/wave_packet.toml",
                                    "jpo study inputs/paper/wave_packet.toml --list",
                                    "jpo study inputs/paper/wave_packet.toml --overwrite "
                                    "--set 'study.seeds=[1]'"},
                       .exit_codes = kRunExitCodes,
                       .documents = "inputs/README.md (studies); jobs/README.md (clusters)"});
  }
  ExitCode run(const std::string& command, MPI_Comm comm) override;

 private:
  DeckArguments deck_;
  bool overwrite_ = false;
  bool list_only_ = false;
  bool accept_other_build_ = false;
};

ExitCode StudyVerb::run(const std::string& command, MPI_Comm comm) {
  const DeckFiles files = load_deck_files(deck_.path, comm);
  const Deck deck = read_deck(files, {.overrides = deck_.overrides}, program_catalogue());
  start_network_library();
  std::vector<StudyCell> cells = study_cells(files, deck_.overrides, comm);
  std::vector<Found> found;
  for (const StudyCell& cell : cells) found.push_back(find_result(cell, accept_other_build_, comm));
  if (list_only_) {
    show_list(cells, found);
    log_info("{}", study_text(deck));
    return ExitCode::done;
  }
  if (!overwrite_ && !deck.section<RunSettings>("run").overwrite) refuse_others(cells, found);
  for (std::size_t k = 0; k < cells.size(); ++k)
    if (found[k].state != CellState::done) check_output_path(cells[k].path, true, comm);

  show_header(comm);
  log_info("study: {}", study_text(deck));
  RunRecord record;
  record.command = command;
  record.resumed_by = "the same jpo study command";
  record.accept_other_build = accept_other_build_;
  Study cells_in_turn(std::move(cells), std::move(found), record, comm);
  cells_in_turn.run();
  cells_in_turn.report();
  return ExitCode::done;
}

const RegisterVerb<StudyVerb> registered{"study",
                                         "run the deck's [study]: one run (cell) per variant, size "
                                         "and seed; the same command resumes a stopped study"};

}  // namespace
}  // namespace jpo
