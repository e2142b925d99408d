#pragma once
// Exclusive wall time per phase, with minimum, mean and maximum over the ranks.

#include <array>
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
    ~Scope() { timer_.enter(outer_); }

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
