#include "driver/checkpoints/checkpoints.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "core/log.hpp"
#include "core/session/environment.hpp"
#include "core/session/session.hpp"
#include "core/session/signals.hpp"
#include "core/session/watchdog.hpp"
#include "deck/differing_keys.hpp"
#include "deck/key_attributes.hpp"
#include "driver/checkpoints/finished_methods.hpp"
#include "parallel/broadcast.hpp"
#include "parallel/exact_sum.hpp"

namespace jpo {
namespace {

// Safety margin of the time limit [s].
constexpr double kMarginSeconds = 5.0;

RowRange rows_of(const Job& job) {
  return {job.shard().first_problem(), job.shard().n_local_problem(), job.shard().n_problem()};
}

std::optional<std::chrono::system_clock::time_point> end_of_walltime(double walltime_s) {
  using SystemClock = std::chrono::system_clock;
  std::optional<SystemClock::time_point> end;
  if (walltime_s > 0.0)
    end = SystemClock::now() + std::chrono::duration_cast<SystemClock::duration>(
                                   std::chrono::duration<double>(walltime_s));
  std::string problem;
  if (const auto seconds = environment_integer("SLURM_JOB_END_TIME", problem)) {
    const auto slurm_end = SystemClock::from_time_t(*seconds);
    end = end ? std::min(*end, slurm_end) : slurm_end;
  }
  if (!problem.empty()) warn("{}; checkpoint.walltime_s sets a time limit", problem);
  return end;
}

}  // namespace

void CheckpointSettings::describe(KeyTable& table) {
  table.add("directory", &directory,
            {.doc = "folder of the checkpoints; empty: run.output with .checkpoints appended",
             .is_path = true,
             .affects_result = false});
  table.add("every_updates", &every_updates,
            {.doc = "number of safe points (updates of a network, steps of solves) between two "
                    "checkpoints; 0: only every_seconds causes checkpoints",
             .min = 0,
             .affects_result = false});
  table.add("every_seconds", &every_seconds,
            {.doc = "time after which the next safe point writes a checkpoint; 0: only "
                    "every_updates causes checkpoints",
             .unit = "s",
             .min = 0,
             .affects_result = false});
  table.add("keep", &keep,
            {.doc = "number of checkpoints to keep, the newest ones",
             .min = 1,
             .max = 1000,
             .affects_result = false});
  table.add("resume", &resume,
            {.doc = "auto: resume from the newest checkpoint if there is one, as with --resume",
             .allowed = {"never", "auto"},
             .affects_result = false});
  table.add("walltime_s", &walltime_s,
            {.doc = "the run writes a checkpoint and stops with exit code 75 before this time has "
                    "passed, or before SLURM_JOB_END_TIME if that is earlier; 0: no such limit",
             .unit = "s",
             .min = 0,
             .affects_result = false});
}

std::string checkpoint_folder(const Deck& deck) {
  const std::string& folder = deck.section<CheckpointSettings>("checkpoint").directory;
  return folder.empty()
             ? deck.section<RunSettings>("run").output_path() + std::string(kCheckpointsSuffix)
             : folder;
}

std::string choose_checkpoint(const Deck& deck, bool resume, const std::string& from,
                              bool overwrite, MPI_Comm comm) {
  if (!from.empty()) return from;
  const std::string folder = checkpoint_folder(deck);
  const std::vector<std::string> found = find_checkpoints(folder, comm);
  if (found.empty()) {
    if (resume)
      throw BadInput(
          fmt::format("there is no checkpoint in {}; allowed: a run from the beginning, without "
                      "--resume, or --resume-from FILE",
                      folder));
    return "";
  }
  if (resume || deck.section<CheckpointSettings>("checkpoint").resume == "auto")
    return found.front();
  if (!overwrite)
    throw BadInput(
        fmt::format("{} contains checkpoints of an unfinished run; allowed: --resume or "
                    "checkpoint.resume = \"auto\" to resume it, or --overwrite to remove them and "
                    "start again",
                    folder));
  prune_checkpoints(folder, 0, comm);
  return "";
}

Checkpoints::Checkpoints(Job& job, const OutputLock& lock, const RunRecord& record)
    : job_(job),
      lock_(lock),
      resumed_by_(record.resumed_by),
      accepts_other_build_(record.accept_other_build),
      builds_(record.builds),
      settings_(job.deck().section<CheckpointSettings>("checkpoint")),
      folder_(checkpoint_folder(job.deck())),
      end_(end_of_walltime(settings_.walltime_s)) {
  add_builds(builds_, build_list(build_));
  std::string interval;
  if (settings_.every_updates > 0)
    interval += fmt::format(", every {} safe points", settings_.every_updates);
  if (settings_.every_seconds > 0.0)
    interval += fmt::format(", every {:g} s", settings_.every_seconds);
  log_info("checkpoints in {}{}; to resume after a stop or a kill: {}", folder_, interval,
           resumed_by_);
  set_resume_message("there is no checkpoint yet");
}

Checkpoints::~Checkpoints() {
  set_signal_message("");
}

std::string Checkpoints::resume_text(const std::string& path) const {
  return fmt::format("to resume from {}: {}", path, resumed_by_);
}

// Printed by ranks 0 and 1, in case rank 0 died, and by the watchdog of any rank.
void Checkpoints::set_resume_message(const std::string& how_to_resume) const {
  set_watchdog_checkpoint(n_written_, how_to_resume);
  const int rank = mpi::rank(job_.comm());
  if (rank <= 1) set_signal_message(how_to_resume + "\n");
}

void Checkpoints::open(const std::string& path) {
  try {
    reader_ = std::make_unique<CheckpointReader>(path, rows_of(job_), job_.comm());
    check_identity(*reader_);
    check_build(*reader_);
    std::string builds = reader_->attribute("builds");
    add_builds(builds, builds_);
    builds_ = builds;
    std::vector<MethodResult> finished;
    archive_finished_methods(*reader_, job_, finished);
    bool in_method = false;
    reader_->shared("in_method", in_method);
    job_.take_results(std::move(finished));
    if (!in_method) {
      reader_->check_hash();
      reader_.reset();
    }
  } catch (const BadInput& error) {
    refuse(path, error);
  }
  const auto newest = find_checkpoints(folder_, job_.comm());
  n_written_ = newest.empty() ? 0 : checkpoint_number(newest.front());
  resumed_from_ = path;
  n_result_at_start_ = job_.results().size();
  set_resume_message(resume_text(path));
  log_info("resuming from {}: {} of {} methods done", path, job_.results().size(),
           job_.deck().methods.size());
}

void Checkpoints::refuse(const std::string& path, const BadInput& error) const {
  const std::string older = older_of_this_job(path);
  const std::string message = error.what();
  if (older.empty()) throw BadInput(message);
  throw BadInput(
      fmt::format("{}{} --resume-from {}, an older one", message,
                  message.find("; allowed: ") == std::string::npos ? "; allowed:" : ", or", older));
}

std::string Checkpoints::older_of_this_job(const std::string& path) const {
  for (const std::string& other : find_checkpoints(folder_, job_.comm())) {
    if (checkpoint_number(other) >= checkpoint_number(path)) continue;
    try {
      CheckpointReader reader(other, rows_of(job_), job_.comm());
      check_identity(reader);
      check_build(reader);
    } catch (const BadInput&) {
      continue;
    }
    return other;
  }
  return "";
}

void Checkpoints::check_identity(CheckpointReader& reader) const {
  const auto keys =
      differing_keys(job_.deck().resolved, reader.attribute("deck"),
                     keys_without_effect(job_.deck()), std::stoul(reader.attribute("n_begun")));
  if (!keys.empty())
    throw BadInput(fmt::format(
        "checkpoint {} belongs to another deck: {}; allowed: the deck of the stopped run, another "
        "checkpoint.directory, or, to start again, {}",
        reader.path(), fmt::join(keys, ", "),
        settings_.resume == "auto" ? "removing that folder" : "--overwrite without --resume"));
  if (reader.attribute("problems_hash") != hash_problems(job_.problems(), job_.comm()))
    throw BadInput(fmt::format(
        "checkpoint {} was written for other problems: observations or contexts differ; "
        "its run used {}",
        reader.path(), reader.attribute("versions")));
}

void Checkpoints::check_build(CheckpointReader& reader) const {
  const std::string other =
      other_build({reader.attribute("code_hash"), reader.attribute("git_revision")});
  if (other.empty()) return;
  if (!accepts_other_build_)
    throw BadInput(fmt::format(
        "checkpoint {} was written by {}; allowed: that build, or --accept-other-build to mix the "
        "results of both",
        reader.path(), other));
  warn("checkpoint {} was written by {}", reader.path(), other);
}

void Checkpoints::pause_between_methods() {
  if (has_advanced()) return serve_requests(*this, job_.comm(), nullptr);
  const bool stops = reduce_max(request().stop ? 1.0 : 0.0, job_.comm()) > 0.0;
  if (stops) stop_without_progress();
}

void Checkpoints::stop_without_progress() {
  if (resumed_from_.empty()) resumed_from_ = save_between_methods();
  // The name is that of an unfinished checkpoint, so that the next checkpoint removes the file.
  const std::string mark = folder_ + "/checkpoint_no_progress.part";
  bool is_second = false;
  if (mpi::rank(job_.comm()) == 0) {
    std::error_code ignored;
    is_second = std::filesystem::remove(mark, ignored);
    if (!is_second) std::ofstream(mark) << resumed_from_ << '\n';
  }
  broadcast(is_second, job_.comm());
  const std::string text = fmt::format(
      "stopped on request ({}), {} of {} methods done, before the first step; {}", reason_to_stop(),
      job_.results().size(), job_.deck().methods.size(), resume_text(resumed_from_));
  if (is_second)
    throw Error(ExitCode::internal_error,
                text +
                    "; this is the second run in a row without progress: its time limit is too "
                    "short");
  throw StoppedResumable(text);
}

std::string Checkpoints::save_between_methods() {
  save(nullptr);
  return checkpoint_path(folder_, n_written_);
}

void Checkpoints::remove_all() {
  lock_.check();
  prune_checkpoints(folder_, 0, job_.comm());
}

Request Checkpoints::request() {
  longest_gap_ = std::max(longest_gap_, seconds_since(last_point_));
  last_point_ = Clock::now();
  ++n_point_;
  const bool stop = stop_signalled() || walltime_ends();
  const bool is_due =
      (settings_.every_updates > 0 && n_point_ >= settings_.every_updates) ||
      (settings_.every_seconds > 0.0 && seconds_since(last_save_) >= settings_.every_seconds);
  return {stop || is_due || take_save_signal(), stop};
}

// Returns true if the time left may be too short for one more step and a checkpoint after it.
bool Checkpoints::walltime_ends() const {
  if (!end_) return false;
  const std::chrono::duration<double> left = *end_ - std::chrono::system_clock::now();
  return left.count() < 2.0 * (longest_gap_ + longest_save_) + kMarginSeconds;
}

const char* Checkpoints::reason_to_stop() const {
  if (stop_signalled()) return "SIGUSR1";
  return walltime_ends() ? "the time limit is near" : "requested by another rank";
}

void Checkpoints::serve(Request agreed, const State& state) {
  has_stepped_ = has_stepped_ || state != nullptr;
  if (!agreed.save) return;
  const char* why = reason_to_stop();
  save(state);
  if (agreed.stop)
    throw StoppedResumable(fmt::format("stopped on request ({}), {} of {} methods done; {}", why,
                                       job_.results().size(), job_.deck().methods.size(),
                                       resume_text(checkpoint_path(folder_, n_written_))));
}

void Checkpoints::save(const State& state) {
  const auto start = Clock::now();
  try {
    const auto scope = job_.timer().scope(Phase::io);
    lock_.check();
    CheckpointWriter writer(checkpoint_path(folder_, n_written_ + 1), rows_of(job_), job_.comm());
    writer.attribute("deck", job_.deck().resolved);
    writer.attribute("problems_hash", hash_problems(job_.problems(), job_.comm()));
    writer.attribute("written", time_stamp());
    std::string versions;
    for (const auto& [name, version] : all_versions())
      versions += fmt::format("{}{} {}", versions.empty() ? "" : ", ", name, version);
    writer.attribute("versions", versions);
    writer.attribute("git_revision", build_.git_revision);
    writer.attribute("code_hash", build_.code_hash);
    writer.attribute("builds", builds_);
    // Methods that have not begun may change until the job is resumed.
    writer.attribute("n_begun", std::to_string(job_.results().size() + (state ? 1 : 0)));
    archive_finished_methods(writer, job_, job_.results_to_keep());
    bool in_method = state != nullptr;
    writer.shared("in_method", in_method);
    if (in_method) state(writer);
    writer.commit();
    ++n_written_;
    set_resume_message(resume_text(checkpoint_path(folder_, n_written_)));
    prune_checkpoints(folder_, settings_.keep, job_.comm());
  } catch (const CannotWrite& error) {
    throw CannotWrite(
        n_written_ > 0
            ? fmt::format("{}; {}", error.what(), resume_text(checkpoint_path(folder_, n_written_)))
            : error.what());
  }
  longest_save_ = std::max(longest_save_, seconds_since(start));
  last_save_ = last_point_ = Clock::now();
  n_point_ = 0;
}

bool Checkpoints::resume(const State& state) {
  if (!reader_) return false;
  const std::unique_ptr<CheckpointReader> reader = std::move(reader_);
  try {
    state(*reader);
    reader->check_hash();
  } catch (const BadInput& error) {
    refuse(reader->path(), error);
  }
  last_save_ = last_point_ = Clock::now();
  return true;
}

}  // namespace jpo
