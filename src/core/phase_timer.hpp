#pragma once
// Where the time goes: exclusive wall time per phase, min / mean / max over ranks at the end.

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include <mpi.h>

namespace jpo {

/// In the order in which a run meets them. `wait` is the time a rank waits for the slowest before a
/// reduction, `reduce` the transfer itself.
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

  /// While the guard lives, time goes to `phase`.
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

  /// Books `seconds` of `from` to `to`: for a call that knows its own parts.
  void move(Phase from, Phase to, double seconds);

  /// Seconds of this rank, by phase.
  std::array<double, n_phase> seconds();

 private:
  Phase enter(Phase phase);
  std::array<double, n_phase> seconds_{};
  Phase current_ = Phase::other;
  Clock::time_point last_;
};

struct PhaseRow {
  Phase phase;
  /// Seconds over the ranks.
  double min, mean, max;
};
/// Collective on comm. One row a phase.
std::vector<PhaseRow> reduce_phases(const std::array<double, n_phase>& seconds, MPI_Comm comm);

}  // namespace jpo
