#include "core/phase_timer.hpp"

#include <utility>

#include "core/checks.hpp"
#include "core/communicator.hpp"

namespace jpo {

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
  return std::exchange(current_, phase);
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
