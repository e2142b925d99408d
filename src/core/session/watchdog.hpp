#pragma once
// The watchdog of a job: a sleeping thread in each process that ends the job if no rank makes
// progress. The thread makes no MPI and no PETSc call.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <mpi.h>

#include "core/session/host_link.hpp"
#include "core/session/rank_table.hpp"
#include "core/session/stall_clock.hpp"

namespace jpo {

struct WatchdogSettings {
  /// Time without progress of any rank that ends the job [s]; 0: no watchdog.
  double stall_seconds = 0.0;
  /// Counts from the start, not from the first model call of each rank.
  bool is_armed_at_start = false;
  /// Names of the methods, for the message.
  std::vector<std::string> methods;
  /// File that stores the number of the newest checkpoint when a job stalls. A job that stalls with
  /// that number in the file ends with 1 instead of 75, so that no chain of jobs repeats the stall
  /// for ever.
  std::string marker;
};

/// Watches the job during the lifetime of this object. Ends it with exit code 75, or 1 (see
/// marker).
class Watchdog {
 public:
  /// Warns and watches nothing if there is no shared memory. Collective on comm.
  Watchdog(WatchdogSettings settings, MPI_Comm comm);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  Watchdog(Watchdog&&) = delete;
  Watchdog& operator=(Watchdog&&) = delete;
  ~Watchdog();

 private:
  void watch();
  void note_debuggers();
  void warn_about_silent_hosts(double seconds);
  [[noreturn]] void fire();
  std::string message(std::int64_t newest, bool repeats) const;

  WatchdogSettings settings_;
  int rank_;
  std::unique_ptr<RankTable> table_;
  std::unique_ptr<HostLink> link_;
  std::unique_ptr<StallClock> clock_;
  /// Number in the marker at the start; -1: no marker.
  std::int64_t stalled_at_ = -1;
  /// Time without a datagram of some host [s].
  double silent_ = 0.0;
  std::mutex mutex_;
  std::condition_variable stop_signal_;
  bool is_stopped_ = false;
  std::thread thread_;
};

/// Sets the number of the newest checkpoint and the text on how to resume, for the message of a
/// watchdog. Not collective.
void set_watchdog_checkpoint(std::int64_t newest, const std::string& how_to_resume);

}  // namespace jpo
