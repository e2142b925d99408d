#include "core/session/watchdog.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <future>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "core/log.hpp"

namespace jpo {
namespace {

using Clock = std::chrono::steady_clock;

/// Longest time that the end of the job waits for a file system or for standard error [s].
constexpr double kPatience = 3.0;

struct CheckpointNote {
  std::mutex mutex;
  std::int64_t newest = 0;
  std::string how_to_resume = "there is no checkpoint yet";
};
CheckpointNote& checkpoint_note() {
  static CheckpointNote note;
  return note;
}

/// Time between two looks at the table [s].
double period(double stall_seconds) {
  return std::clamp(stall_seconds / 20.0, 0.05, 30.0);
}

/// Returns the value of a field of /proc/<pid>/status; empty if it cannot be read.
std::string process_status(std::int64_t pid, const std::string& field) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field)) return line.substr(line.find_first_not_of(" \t", field.size()));
  return "";
}

/// Runs `action` in a thread and waits at most `seconds` for its end.
void attempt(double seconds, std::function<void()> action) {
  std::packaged_task<void()> task(std::move(action));
  const std::future<void> done = task.get_future();
  std::thread(std::move(task)).detach();
  done.wait_for(std::chrono::duration<double>(seconds));
}

void write_to(int file, const std::string& text) {
  [[maybe_unused]] const ssize_t n = write(file, text.data(), text.size());
}

void write_marker(const std::string& path, std::int64_t newest) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos) mkdir(path.substr(0, slash).c_str(), 0777);
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return;
  write_to(file, fmt::format("{}\n", newest));
  close(file);
}

/// Returns the number in the marker, -1 if there is none. Rank 0 reads it. Collective.
std::int64_t read_marker(const std::string& path, MPI_Comm comm) {
  std::int64_t number = -1;
  if (mpi::rank(comm) == 0 && !(std::ifstream(path) >> number)) number = -1;
  MPI_OK(MPI_Bcast(&number, 1, MPI_INT64_T, 0, comm));
  return number;
}

}  // namespace

void set_watchdog_checkpoint(std::int64_t newest, const std::string& how_to_resume) {
  CheckpointNote& note = checkpoint_note();
  const std::scoped_lock lock(note.mutex);
  note.newest = newest;
  note.how_to_resume = how_to_resume;
}

Watchdog::Watchdog(WatchdogSettings settings, MPI_Comm comm)
    : settings_(std::move(settings)), rank_(mpi::rank(comm)) {
  if (settings_.stall_seconds <= 0.0) return;
  MPI_Comm node = MPI_COMM_NULL;
  MPI_OK(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node));
  table_ = std::make_unique<RankTable>(comm, node);
  MPI_OK(MPI_Comm_free(&node));
  if (!table_->problem().empty()) {
    warn("run.stall_seconds: there is no watchdog: {}", table_->problem());
    return;
  }
  stalled_at_ = read_marker(settings_.marker, comm);
  set_watchdog_checkpoint(0, "there is no checkpoint yet");
  if (table_->has_other_hosts()) link_ = std::make_unique<HostLink>(*table_, comm);
  clock_ = std::make_unique<StallClock>(settings_.stall_seconds, table_->slots().size());
  table_->own().progress.is_armed = settings_.is_armed_at_start;
  place_progress(&table_->own().progress);
  // Signals are handled by the main thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { watch(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Watchdog::~Watchdog() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
  }
  stop_signal_.notify_all();
  thread_.join();
  place_progress(nullptr);
}

void Watchdog::watch() {
  const double step = period(settings_.stall_seconds);
  auto last = Clock::now();
  std::unique_lock lock(mutex_);
  while (!stop_signal_.wait_for(lock, std::chrono::duration<double>(step),
                                [this] { return is_stopped_; })) {
    // A process that was suspended has not watched meanwhile: that time does not count.
    const double seconds = std::min(seconds_since(std::exchange(last, Clock::now())), 2.0 * step);
    note_debuggers();
    if (link_) {
      link_->receive();
      link_->send();
      warn_about_silent_hosts(seconds);
    }
    if (clock_->advance(seconds, table_->slots())) fire();
  }
}

void Watchdog::note_debuggers() {
  for (const int rank : table_->local_ranks()) {
    RankSlot& slot = table_->slots()[rank];
    const std::string tracer = process_status(slot.pid, "TracerPid:");
    slot.is_held = !tracer.empty() && tracer != "0";
  }
}

// The main thread may use the log at any time, so this thread writes to standard error itself.
void Watchdog::warn_about_silent_hosts(double seconds) {
  const auto slots = table_->slots();
  const auto unknown =
      std::ranges::find_if(slots, [](const RankSlot& slot) { return slot.pid == 0; });
  if (unknown == slots.end() || rank_ != 0 || silent_ < 0.0) return;
  silent_ += seconds;
  if (silent_ < settings_.stall_seconds) return;
  silent_ = -1.0;
  write_to(
      STDERR_FILENO,
      fmt::format("jpo: run.stall_seconds: there is no watchdog: no UDP datagram has come from "
                  "host {}; a firewall may drop them\n",
                  table_->hosts()[unknown - slots.begin()]));
}

// Ranks of one host fire at about the same time; the first one writes.
void Watchdog::fire() {
  std::int64_t newest = 0;
  {
    const std::scoped_lock lock(checkpoint_note().mutex);
    newest = checkpoint_note().newest;
  }
  const bool repeats = newest == stalled_at_;
  if (table_->claim()) {
    attempt(kPatience, [text = message(newest, repeats)] { write_to(STDERR_FILENO, text); });
    attempt(kPatience, [path = settings_.marker, newest] { write_marker(path, newest); });
  } else {
    std::this_thread::sleep_for(std::chrono::duration<double>(3.0 * kPatience));
  }
  // mpirun ends the other ranks, also stopped ones, when this one has ended.
  _exit(static_cast<int>(repeats ? ExitCode::internal_error : ExitCode::stopped_resumable));
}

std::string Watchdog::message(std::int64_t newest, bool repeats) const {
  std::string text = fmt::format(
      "jpo: stalled: no rank has finished a model call, a network call or a write for {:.1f} s "
      "(run.stall_seconds = {:g}):\n{:>8} {:<20} {:>8} {:<12} {:<10} {:<20} {:>8} {:>9} {:>8}\n",
      clock_->idle(), settings_.stall_seconds, "rank", "host", "pid", "state", "phase", "method",
      "step", "calls", "idle [s]");
  for (std::size_t rank = 0; rank < table_->slots().size(); ++rank) {
    const RankSlot& slot = table_->slots()[rank];
    const RankProgress& progress = slot.progress;
    const std::int32_t method = progress.method;
    const bool has_name = method >= 0 && method < std::ssize(settings_.methods);
    std::string state = table_->is_local(static_cast<int>(rank))
                            ? process_status(slot.pid, "State:")
                            : "other host";
    if (state.empty()) state = "ended";
    text += fmt::format("{:>8} {:<20} {:>8} {:<12} {:<10} {:<20} {:>8} {:>9} {:>8.1f}\n", rank,
                        table_->hosts()[rank], slot.pid.load(), state, phase_name(progress.phase),
                        has_name ? settings_.methods[method] : "-", progress.step.load(),
                        progress.n_call.load(), clock_->since(rank));
  }
  CheckpointNote& note = checkpoint_note();
  const std::scoped_lock lock(note.mutex);
  text += fmt::format("jpo: {}\n", note.how_to_resume);
  if (repeats)
    text += fmt::format(
        "jpo: an earlier run has stalled at the same point, with checkpoint {} as the newest; the "
        "exit code is 1, so that no chain of jobs repeats it; removing {} permits another try\n",
        newest, settings_.marker);
  return text;
}

}  // namespace jpo
