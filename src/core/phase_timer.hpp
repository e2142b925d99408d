#pragma once
// Exclusive wall time per phase, with minimum, mean and maximum over the ranks, and the progress of
// this rank, which the watchdog reads (core/session/watchdog.hpp).

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include <mpi.h>

namespace jpo {

/// Phases in the order of a run. `wait` is the time for which a rank waits before a reduction for
/// the slowest rank, `reduce` is the transfer itself.
enum class Phase : std::uint8_t {
  data,
  forward,
  adjoint,
  tangent,
  network,
  wait,
  reduce,
  optimizer,
  solver,
  io,
  other,
};
inline constexpr int n_phase = 11;
std::string_view phase_name(Phase phase);

/// RankProgress of a rank. Its main thread writes it; watchdogs read it, also in other processes.
struct RankProgress {
  /// Number of finished calls of the model or the network, and of finished writes.
  std::atomic<std::int64_t> n_call = 0;
  /// Longest of these calls [s].
  std::atomic<double> longest_call = 0.0;
  /// Index of the running method in the deck, -1 before the first one, and its step.
  std::atomic<std::int32_t> method = -1;
  std::atomic<std::int64_t> step = 0;
  std::atomic<Phase> phase = Phase::other;
  /// False until the first call has finished.
  std::atomic<bool> is_armed = false;

  void finish_call(double seconds);
};
/// Returns the progress of this process.
RankProgress& own_progress();
/// Moves the progress of this process to shared memory; nullptr: back to its own memory.
void place_progress(RankProgress* shared);

/// Wall time since `start`.
inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Accumulates exclusive seconds: time spent in a nested phase is not counted for the outer one.
class PhaseTimer {
 public:
  using Clock = std::chrono::steady_clock;
  PhaseTimer() : last_(Clock::now()) {}

  /// Guard: its lifetime is counted for one phase.
  class Scope {
   public:
    Scope(PhaseTimer& timer, Phase phase) : timer_(timer), outer_(timer.enter(phase)) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    Scope(Scope&&) = delete;
    Scope& operator=(Scope&&) = delete;
    ~Scope() { timer_.leave(outer_); }

   private:
    PhaseTimer& timer_;
    Phase outer_;
  };
  [[nodiscard]] Scope scope(Phase phase) { return {*this, phase}; }

  /// Subtracts `seconds` from phase `from` and adds them to phase `to`, for calls that measure
  /// parts of their time themselves.
  void move(Phase from, Phase to, double seconds);

  /// Returns the seconds of this rank by phase.
  std::array<double, n_phase> seconds();

 private:
  Phase enter(Phase phase);
  void leave(Phase outer);
  std::array<double, n_phase> seconds_{};
  Phase current_ = Phase::other;
  Clock::time_point last_;
};

struct PhaseRow {
  Phase phase;
  /// Seconds: minimum, mean and maximum over the ranks.
  double min, mean, max;
};
/// Returns one row per phase, the same on every rank. Collective on comm.
std::vector<PhaseRow> reduce_phases(const std::array<double, n_phase>& seconds, MPI_Comm comm);

}  // namespace jpo
