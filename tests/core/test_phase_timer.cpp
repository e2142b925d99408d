#include <numeric>
#include <thread>

#include <gtest/gtest.h>

#include "core/phase_timer.hpp"

namespace jpo {
namespace {

double of(const std::array<double, n_phase>& seconds, Phase phase) {
  return seconds[static_cast<std::size_t>(phase)];
}

TEST(PhaseTimer, NestedTimeIsCountedOnce) {
  using namespace std::chrono_literals;
  PhaseTimer timer;
  const auto start = PhaseTimer::Clock::now();
  {
    const auto outer = timer.scope(Phase::solver);
    std::this_thread::sleep_for(5ms);
    {
      const auto inner = timer.scope(Phase::forward);
      std::this_thread::sleep_for(20ms);
    }
  }
  const auto seconds = timer.seconds();
  const std::chrono::duration<double> all = PhaseTimer::Clock::now() - start;
  EXPECT_GE(of(seconds, Phase::solver), 0.005);
  EXPECT_GE(of(seconds, Phase::forward), 0.020);
  EXPECT_LE(std::accumulate(seconds.begin(), seconds.end(), 0.0), all.count() + 0.001);
}

TEST(PhaseTimer, MovesWithoutLoss) {
  PhaseTimer timer;
  timer.move(Phase::reduce, Phase::wait, 2.0);
  const auto seconds = timer.seconds();
  EXPECT_EQ(of(seconds, Phase::reduce), -2.0);
  EXPECT_EQ(of(seconds, Phase::wait), 2.0);
}

TEST(PhaseTimer, CountsCallsOfTheModelAndWrites) {
  RankProgress progress;
  place_progress(&progress);
  PhaseTimer timer;
  {
    const auto outer = timer.scope(Phase::solver);
    for (const Phase phase : {Phase::wait, Phase::reduce, Phase::optimizer}) {
      const auto scope = timer.scope(phase);
      EXPECT_EQ(progress.phase, phase);
    }
    EXPECT_EQ(progress.n_call, 0);
    EXPECT_FALSE(progress.is_armed);
    for (const Phase phase :
         {Phase::forward, Phase::adjoint, Phase::tangent, Phase::network, Phase::io}) {
      const auto scope = timer.scope(phase);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  place_progress(nullptr);
  EXPECT_EQ(progress.n_call, 5);
  EXPECT_TRUE(progress.is_armed);
  EXPECT_GE(progress.longest_call, 0.002);
}

TEST(PhaseTimer, ReducesOverRanks) {
  int rank = 0, n_rank = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &n_rank);
  std::array<double, n_phase> seconds{};
  seconds[0] = rank;
  const auto rows = reduce_phases(seconds, MPI_COMM_WORLD);
  EXPECT_EQ(rows[0].min, 0.0);
  EXPECT_EQ(rows[0].max, n_rank - 1);
  EXPECT_EQ(rows[0].mean, 0.5 * (n_rank - 1));
}

}  // namespace
}  // namespace jpo
