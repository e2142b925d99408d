#pragma once
// A lock file: PATH belongs to the process that created it. A thread writes a heartbeat into the
// file, so that processes on other machines can see whether the owner still runs. Used on one rank.

#include <cstdint>
#include <memory>
#include <string>

namespace jpo {

/// The process that owns a lock file.
struct LockOwner {
  std::string host;
  std::int64_t pid = 0;
  /// Start of the process in clock ticks since the boot of its machine; pids are used again.
  std::uint64_t process_start = 0;
  /// Processes of another namespace, for example of another container, cannot be seen.
  std::string pid_namespace;
  /// SLURM_JOB_ID; empty outside of a Slurm job.
  std::string slurm_job;
  /// Time at which the lock was created.
  std::string started;
  /// Time between two heartbeats [s].
  double interval = 0.0;
};

/// Time between two heartbeats [s].
constexpr double kHeartbeatSeconds = 10.0;

/// Returns this process as the owner of a lock created now.
LockOwner this_process(double interval = kHeartbeatSeconds);
/// Returns the first part of a lock file, without the heartbeat.
std::string owner_text(const LockOwner& owner);
/// Returns the owner in the text of a lock file; without a host if the text has none.
LockOwner owner_in(const std::string& text);
/// Returns true if the process still runs. It must be a process of this machine.
bool is_running(const LockOwner& owner);

class LockFile {
 public:
  /// Creates the file PATH and missing parent folders. An existing lock is replaced if its process
  /// of this machine has ended, if it belongs to the same Slurm job on another machine, or if its
  /// heartbeat does not change for 2.5 intervals. `interval`: time between two heartbeats [s].
  explicit LockFile(std::string path, double interval = kHeartbeatSeconds);
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;
  LockFile(LockFile&&) = delete;
  LockFile& operator=(LockFile&&) = delete;
  /// Removes the file, unless it now belongs to another process. A signal that ends the program
  /// does the same.
  ~LockFile();

  /// Returns the owner of the file if that is another process which still runs: "in use by pid 3 on
  /// host a since ... (heartbeat 4 s ago)"; else an empty text.
  const std::string& in_use() const { return in_use_; }
  /// Returns the reason why the file could not be created or no longer belongs to this process;
  /// empty if the lock is held.
  std::string problem() const;

 private:
  class Heartbeat;
  void acquire();
  bool create();
  void replace_stale(const std::string& text, const std::string& reason);

  std::string path_;
  /// First part of the file: this process as its owner.
  std::string identity_;
  bool is_held_ = false;
  std::string in_use_;
  std::string cannot_create_;
  std::unique_ptr<Heartbeat> heartbeat_;
};

}  // namespace jpo
