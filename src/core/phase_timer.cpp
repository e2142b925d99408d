#include "core/phase_timer.hpp"

#include <utility>

#include "core/checks.hpp"
#include "core/communicator.hpp"

namespace jpo {
namespace {

RankProgress progress_in_own_memory;
std::atomic<RankProgress*> current_progress = &progress_in_own_memory;

// Returns true if the end of the phase is the end of a model call, a network call or a write.
bool is_call(Phase phase) {
  switch (phase) {
    case Phase::forward:
    case Phase::adjoint:
    case Phase::tangent:
    case Phase::network:
    case Phase::io:
      return true;
    default:
      return false;
  }
}

}  // namespace

void RankProgress::finish_call(double seconds) {
  if (seconds > longest_call) longest_call = seconds;
  is_armed = true;
  ++n_call;
}

RankProgress& own_progress() {
  return *current_progress;
}

void place_progress(RankProgress* shared) {
  current_progress = shared != nullptr ? shared : &progress_in_own_memory;
}

std::string_view phase_name(Phase phase) {
  static constexpr std::array<std::string_view, n_phase> names = {
      "data",   "forward",   "adjoint", "tangent", "network", "wait",
      "reduce", "optimizer", "solver",  "io",      "other"};
  return names[static_cast<std::size_t>(phase)];
}

Phase PhaseTimer::enter(Phase phase) {
  const auto now = Clock::now();
  seconds_[static_cast<std::size_t>(current_)] +=
      std::chrono::duration<double>(now - last_).count();
  last_ = now;
  own_progress().phase = phase;
  return std::exchange(current_, phase);
}

void PhaseTimer::leave(Phase outer) {
  const double seconds = seconds_since(last_);
  const Phase finished = enter(outer);
  if (is_call(finished)) own_progress().finish_call(seconds);
}

void PhaseTimer::move(Phase from, Phase to, double seconds) {
  seconds_[static_cast<std::size_t>(from)] -= seconds;
  seconds_[static_cast<std::size_t>(to)] += seconds;
}

std::array<double, n_phase> PhaseTimer::seconds() {
  enter(current_);
  return seconds_;
}

std::vector<PhaseRow> reduce_phases(const std::array<double, n_phase>& seconds, MPI_Comm comm) {
  std::array<double, n_phase> min{}, max{}, sum{};
  MPI_OK(MPI_Allreduce(seconds.data(), min.data(), n_phase, MPI_DOUBLE, MPI_MIN, comm));
  MPI_OK(MPI_Allreduce(seconds.data(), max.data(), n_phase, MPI_DOUBLE, MPI_MAX, comm));
  MPI_OK(MPI_Allreduce(seconds.data(), sum.data(), n_phase, MPI_DOUBLE, MPI_SUM, comm));
  const int n_rank = mpi::size(comm);
  std::vector<PhaseRow> rows;
  for (std::size_t k = 0; k < n_phase; ++k)
    rows.push_back({static_cast<Phase>(k), min[k], sum[k] / n_rank, max[k]});
  return rows;
}

}  // namespace jpo
