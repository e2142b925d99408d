#include "driver/lock/lock_file.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "core/log.hpp"
#include "core/session/environment.hpp"
#include "core/session/signals.hpp"
#include "driver/output/results.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

constexpr double kIntervalsToWait = 2.5;
constexpr int kMostRounds = 5;
constexpr std::size_t kMostBytes = 1024;  // of a lock file

// Removes the file if its text starts with `identity`. Only calls that a signal handler may make.
void remove_if_own(const char* path, const char* identity, std::size_t size) {
  std::array<char, kMostBytes> text{};
  const int file = open(path, O_RDONLY);
  if (file < 0) return;
  const ssize_t n = read(file, text.data(), text.size());
  close(file);
  if (n >= static_cast<ssize_t>(size) && std::memcmp(text.data(), identity, size) == 0)
    unlink(path);
}

// The locks of this process, for a signal that ends it.
struct HeldLock {
  std::atomic<bool> is_held = false;
  std::array<char, 4096> path{};
  std::array<char, kMostBytes> identity{};
};
std::array<HeldLock, 4> held_locks;

void remove_held_locks() {
  for (const HeldLock& lock : held_locks)
    if (lock.is_held)
      remove_if_own(lock.path.data(), lock.identity.data(), strlen(lock.identity.data()));
}

void remember(const std::string& path, const std::string& identity) {
  const auto unused =
      std::ranges::find_if(held_locks, [](const HeldLock& lock) { return !lock.is_held; });
  if (unused == held_locks.end() || path.size() >= unused->path.size()) return;
  std::ranges::copy(path + '\0', unused->path.begin());
  std::ranges::copy(identity + '\0', unused->identity.begin());
  unused->is_held = true;
  set_signal_cleanup(remove_held_locks);
}

void forget(const std::string& path) {
  for (HeldLock& lock : held_locks)
    if (lock.is_held && path == lock.path.data()) lock.is_held = false;
}

std::optional<std::string> text_of(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::stringstream text;
  text << file.rdbuf();
  return text.str().substr(0, kMostBytes);
}

std::string heartbeat_text(std::int64_t n) {
  return fmt::format("heartbeat {:012}\n", n);
}

// Writes all of the text into the file and closes it. Returns false with errno set on failure.
bool write_and_close(int file, const std::string& text, off_t offset) {
  const ssize_t n = pwrite(file, text.data(), text.size(), offset);
  const int error = n < 0 ? errno : ENOSPC;
  const bool good = close(file) == 0 && n == std::ssize(text);
  if (!good) errno = error;
  return good;
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string namespace_of_this_process() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/ns/pid", ignored);
}

// Returns the start of a process in clock ticks since boot; nothing if it has ended.
std::optional<std::uint64_t> start_of(std::int64_t pid) {
  const auto text = text_of(fmt::format("/proc/{}/stat", pid));
  if (!text || text->rfind(')') == std::string::npos) return std::nullopt;
  // The name of the program, in parentheses, may contain spaces. The state comes after it.
  std::istringstream fields(text->substr(text->rfind(')') + 1));
  char state = 0;
  fields >> state;
  if (state == 'Z' || state == 'X') return std::nullopt;
  constexpr int n_between = 18;  // fields between the state and the start
  std::string unused;
  for (int k = 0; k < n_between; ++k) fields >> unused;
  std::uint64_t start = 0;
  fields >> start;
  return fields ? std::optional(start) : std::nullopt;
}

bool is_on_this_machine(const LockOwner& owner) {
  return owner.host == host_name() && owner.pid_namespace == namespace_of_this_process();
}

bool is_this_process(const LockOwner& owner) {
  return is_on_this_machine(owner) && owner.pid == getpid() && is_running(owner);
}

std::int64_t age_seconds(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return 0;
  return std::max<std::int64_t>(0, time(nullptr) - status.st_mtime);
}

std::string describe(const LockOwner& owner) {
  if (owner.host.empty()) return "an unknown process";
  const std::string job = owner.slurm_job.empty() ? "" : ", Slurm job " + owner.slurm_job;
  return fmt::format("pid {} on host {}{} since {}", owner.pid, owner.host, job, owner.started);
}

// Waits until the text of the file differs from `text`. Returns false if it stays the same for the
// intervals of the owner.
bool changes(const std::string& path, const std::string& text, const LockOwner& owner) {
  using namespace std::chrono_literals;
  const double interval = owner.interval > 0.0 ? owner.interval : kHeartbeatSeconds;
  const auto limit = std::chrono::duration<double>(kIntervalsToWait * interval);
  log_info("{} belongs to {}: waiting up to {:.0f} s for its heartbeat", path, describe(owner),
           limit.count());
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < limit) {
    std::this_thread::sleep_for(200ms);
    if (text_of(path) != text) return true;
  }
  return false;
}

// Result of a look at an existing lock; both texts are empty if it has changed meanwhile.
struct OwnerState {
  /// Reason why the lock can be replaced.
  std::string stale{};
  /// The owner, which still runs.
  std::string in_use{};
};

std::string in_use_text(const std::string& path, const LockOwner& owner) {
  return fmt::format("in use by {} (heartbeat {} s ago)", describe(owner), age_seconds(path));
}

OwnerState state_of_owner(const std::string& path, const std::string& text,
                          const std::string& slurm_job) {
  const LockOwner owner = owner_in(text);
  if (is_on_this_machine(owner)) {
    if (is_running(owner)) return {.in_use = in_use_text(path, owner)};
    return {.stale = "that process has ended"};
  }
  if (!slurm_job.empty() && owner.slurm_job == slurm_job)
    return {.stale = "it is of an earlier part of this Slurm job"};
  if (!changes(path, text, owner))
    return {.stale = fmt::format("its last heartbeat was {} s ago", age_seconds(path))};
  const auto now = text_of(path);
  if (!now || owner.host.empty() || !now->starts_with(owner_text(owner))) return {};
  return {.in_use = in_use_text(path, owner)};
}

}  // namespace

LockOwner this_process(double interval) {
  return {host_name(),
          getpid(),
          start_of(getpid()).value_or(0),
          namespace_of_this_process(),
          environment_value("SLURM_JOB_ID"),
          time_stamp(),
          interval};
}

std::string owner_text(const LockOwner& owner) {
  return fmt::format(
      "jpo lock\nhost {}\npid {}\nprocess_start {}\npid_namespace {}\nslurm_job {}\nstarted {}\n"
      "interval {:g}\n",
      owner.host, owner.pid, owner.process_start, owner.pid_namespace, owner.slurm_job,
      owner.started, owner.interval);
}

LockOwner owner_in(const std::string& text) {
  LockOwner owner;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string name = line.substr(0, space);
    const std::string value = line.substr(std::min(space + 1, line.size()));
    if (name == "host") owner.host = value;
    if (name == "pid") owner.pid = std::strtoll(value.c_str(), nullptr, 10);
    if (name == "process_start") owner.process_start = std::strtoull(value.c_str(), nullptr, 10);
    if (name == "pid_namespace") owner.pid_namespace = value;
    if (name == "slurm_job") owner.slurm_job = value;
    if (name == "started") owner.started = value;
    if (name == "interval") owner.interval = std::strtod(value.c_str(), nullptr);
  }
  return owner;
}

bool is_running(const LockOwner& owner) {
  const auto start = start_of(owner.pid);
  return start && *start == owner.process_start;
}

// A thread that makes no call of MPI, PETSc or HDF5, so that the heartbeat goes on during a long
// call. The file is not kept open: an open file would block a change of the file system.
class LockFile::Heartbeat {
 public:
  Heartbeat(std::string path, std::string identity, double interval)
      : path_(std::move(path)), identity_(std::move(identity)), interval_(interval) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // the thread handles no signals
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

 private:
  void run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any condition;
    std::unique_lock lock(mutex);
    for (std::int64_t n = 1;; ++n) {
      condition.wait_for(lock, stop, interval_, [] { return false; });
      if (stop.stop_requested()) return;
      const auto text = text_of(path_);
      if (!text || !text->starts_with(identity_)) continue;
      const int file = open(path_.c_str(), O_WRONLY);
      if (file >= 0) write_and_close(file, heartbeat_text(n), static_cast<off_t>(identity_.size()));
    }
  }

  std::string path_;
  std::string identity_;
  std::chrono::duration<double> interval_;
  std::jthread thread_;
};

LockFile::LockFile(std::string path, double interval)
    : path_(std::move(path)), identity_(owner_text(this_process(interval))) {
  acquire();
  if (!is_held_) return;
  remember(path_, identity_);
  heartbeat_ = std::make_unique<Heartbeat>(path_, identity_, interval);
}

LockFile::~LockFile() {
  if (!is_held_) return;
  heartbeat_.reset();
  forget(path_);
  remove_if_own(path_.c_str(), identity_.data(), identity_.size());
}

// The loop ends early, except if other processes create and remove the lock at the same time.
void LockFile::acquire() {
  for (int round = 0; round < kMostRounds; ++round) {
    if (!cannot_create_.empty() || create() || !cannot_create_.empty()) return;
    const auto text = text_of(path_);
    if (!text) continue;
    // One file may be named by two paths.
    if (is_this_process(owner_in(*text))) return;
    const OwnerState found = state_of_owner(path_, *text, owner_in(identity_).slurm_job);
    in_use_ = found.in_use;
    if (!in_use_.empty()) return;
    if (!found.stale.empty()) replace_stale(*text, found.stale);
  }
  in_use_ = "in use by processes that start at the same time";
}

bool LockFile::create() {
  std::error_code ignored;  // if this fails, creating the file fails as well
  const fs::path parent = fs::path(path_).parent_path();
  if (!parent.empty()) fs::create_directories(parent, ignored);
  const int file = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (file >= 0 && write_and_close(file, identity_ + heartbeat_text(0), 0)) {
    is_held_ = true;
  } else if (file >= 0 || errno != EEXIST) {
    cannot_create_ =
        fmt::format("the lock file {} cannot be written: {}", path_, std::strerror(errno));
    if (file >= 0) unlink(path_.c_str());
  }
  return is_held_;
}

// Only one process can rename the file. If another process has replaced the lock meanwhile, the
// renamed file is put back.
void LockFile::replace_stale(const std::string& text, const std::string& reason) {
  const std::string aside = fmt::format("{}.{}.{}", path_, host_name(), getpid());
  if (std::rename(path_.c_str(), aside.c_str()) != 0) {
    if (errno != ENOENT)
      cannot_create_ =
          fmt::format("the lock file {} cannot be replaced: {}", path_, std::strerror(errno));
    return;
  }
  if (text_of(aside) != text) {
    std::rename(aside.c_str(), path_.c_str());
    return;
  }
  unlink(aside.c_str());
  log_info("{} of {} is replaced: {}", path_, describe(owner_in(text)), reason);
}

std::string LockFile::problem() const {
  if (!is_held_) return cannot_create_;
  const auto text = text_of(path_);
  if (!text || text->starts_with(identity_)) return "";
  return fmt::format("{} now belongs to {}", path_, describe(owner_in(*text)));
}

}  // namespace jpo
