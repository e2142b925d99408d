#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "core/communicator.hpp"
#include "core/session/host_link.hpp"
#include "core/session/stall_clock.hpp"

namespace jpo {
namespace {

class StallClockTest : public testing::Test {
 protected:
  void SetUp() override {
    for (RankSlot& rank : ranks) rank.pid = 1;
  }
  void arm() {
    for (RankSlot& rank : ranks) rank.progress.finish_call(0.01);
    EXPECT_FALSE(advance());
  }
  bool advance(double seconds = 1.0) { return clock.advance(seconds, ranks); }

  std::vector<RankSlot> ranks = std::vector<RankSlot>(3);
  StallClock clock{10.0, 3};
};

TEST_F(StallClockTest, NoRankHasProgress) {
  arm();
  for (int k = 0; k < 9; ++k) EXPECT_FALSE(advance());
  EXPECT_TRUE(advance());
  EXPECT_EQ(clock.since(1), 10.0);
}

TEST_F(StallClockTest, OneBusyRankKeepsTheJob) {
  arm();
  for (int k = 0; k < 1000; ++k) {
    ranks[1].progress.finish_call(0.01);
    EXPECT_FALSE(advance(5.0));
    EXPECT_FALSE(advance(5.0));
  }
  EXPECT_EQ(clock.since(0), 10000.0);
}

TEST_F(StallClockTest, CountsAfterTheFirstCallOfEachRank) {
  for (const int rank : {0, 2}) ranks[rank].progress.finish_call(0.01);
  for (int k = 0; k < 100; ++k) EXPECT_FALSE(advance());
  ranks[1].progress.finish_call(0.01);
  for (int k = 0; k < 10; ++k) EXPECT_FALSE(advance());
  EXPECT_TRUE(advance());
}

TEST_F(StallClockTest, TwentyTimesTheLongestCallOfAnyRank) {
  arm();
  ranks[2].progress.finish_call(3.0);
  EXPECT_FALSE(advance());
  EXPECT_EQ(clock.limit(), 60.0);
  EXPECT_FALSE(advance(59.0));
  EXPECT_TRUE(advance());
}

TEST_F(StallClockTest, ADebuggerStopsTheCount) {
  arm();
  ranks[2].is_held = true;
  for (int k = 0; k < 100; ++k) EXPECT_FALSE(advance());
  ranks[2].is_held = false;
  EXPECT_FALSE(advance(9.0));
  EXPECT_TRUE(advance());
}

TEST_F(StallClockTest, NothingIsCountedWithAnUnknownRank) {
  arm();
  ranks[2].pid = 0;
  for (int k = 0; k < 100; ++k) EXPECT_FALSE(advance());
}

// Each rank is a host of its own.
TEST(HostLink, CarriesProgressBetweenHosts) {
  const int rank = mpi::rank(MPI_COMM_WORLD);
  RankTable table(MPI_COMM_WORLD, MPI_COMM_SELF);
  ASSERT_EQ(table.problem(), "");
  EXPECT_TRUE(table.is_leader());
  EXPECT_EQ(table.has_other_hosts(), mpi::size(MPI_COMM_WORLD) > 1);
  const HostLink link(table, MPI_COMM_WORLD);
  RankProgress& own = table.own().progress;
  own.step = 100 + rank;
  own.method = rank;
  own.phase = Phase::adjoint;
  own.finish_call(2.0 + rank);
  const auto all_known = [&] {
    return std::ranges::all_of(table.slots(), [](const RankSlot& slot) { return slot.pid != 0; });
  };
  for (int k = 0; k < 500 && !all_known(); ++k) {
    link.send();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    link.receive();
  }
  link.send();
  for (int other = 0; other < mpi::size(MPI_COMM_WORLD); ++other) {
    const RankSlot& slot = table.slots()[other];
    EXPECT_NE(slot.pid, 0);
    EXPECT_EQ(slot.progress.n_call, 1);
    EXPECT_EQ(slot.progress.step, 100 + other);
    EXPECT_EQ(slot.progress.method, other);
    EXPECT_EQ(slot.progress.phase, Phase::adjoint);
    EXPECT_EQ(slot.progress.longest_call, 2.0 + other);
    EXPECT_TRUE(slot.progress.is_armed);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

// All ranks of the node share one table.
TEST(RankTable, RanksOfAHostShareMemory) {
  const int rank = mpi::rank(MPI_COMM_WORLD);
  const RankTable table(MPI_COMM_WORLD, MPI_COMM_WORLD);
  ASSERT_EQ(table.problem(), "");
  EXPECT_FALSE(table.has_other_hosts());
  table.own().progress.step = 7 + rank;
  int is_first = table.claim() ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &is_first, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  EXPECT_EQ(is_first, 1);
  for (int other = 0; other < mpi::size(MPI_COMM_WORLD); ++other)
    EXPECT_EQ(table.slots()[other].progress.step, 7 + other);
  MPI_Barrier(MPI_COMM_WORLD);
}

}  // namespace
}  // namespace jpo
