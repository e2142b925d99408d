#include <gtest/gtest.h>

#include "parallel/row_hash.hpp"
#include "parallel/shard.hpp"

namespace jpo {
namespace {

// Expects that ranks own consecutive problems in whole micro-batches, each problem once, and that
// the numbers of micro-batches per rank differ by at most one.
void check(std::int64_t n_problem, std::int64_t micro_batch, int n_rank) {
  std::int64_t next = 0;
  std::int64_t least = n_problem, most = 0;
  for (int rank = 0; rank < n_rank; ++rank) {
    const Shard shard(n_problem, micro_batch, n_rank, rank);
    std::int64_t local = 0;
    for (std::int64_t k = 0; k < shard.n_local_micro_batch(); ++k) {
      const bool is_last = shard.first_micro_batch() + k + 1 == shard.n_micro_batch();
      EXPECT_TRUE(shard.micro_batch_size(k) == micro_batch || is_last);
      EXPECT_GT(shard.micro_batch_size(k), 0);
      local += shard.micro_batch_size(k);
    }
    EXPECT_EQ(local, shard.n_local_problem());
    if (local > 0) {
      EXPECT_EQ(shard.first_problem(), next);
    }
    for (std::int64_t id = next; id < next + local; ++id) EXPECT_EQ(shard.owner(id), rank);
    next += local;
    least = std::min(least, shard.n_local_micro_batch());
    most = std::max(most, shard.n_local_micro_batch());
  }
  EXPECT_EQ(next, n_problem);
  EXPECT_LE(most - least, 1);
}

TEST(Shard, OwnsEveryProblemOnce) {
  for (const std::int64_t n_problem : {1, 2, 31, 32, 33, 100, 257})
    for (const std::int64_t micro_batch : {1, 7, 32, 300})
      for (const int n_rank : {1, 2, 3, 4, 8, 17}) check(n_problem, micro_batch, n_rank);
}

// The sum over ranks is the same for any distribution of the rows, but depends on their order.
TEST(HashRows, BelongToTheirGlobalRow) {
  const std::vector<double> rows = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0};
  const std::uint64_t whole = hash_rows(rows, 3, 0, 9);
  const std::span<const double> values(rows);
  EXPECT_EQ(whole, hash_rows(values.first(2), 1, 0, 9) + hash_rows(values.subspan(2), 2, 1, 9));
  EXPECT_NE(whole, hash_rows(rows, 3, 1, 9));
  EXPECT_NE(whole, hash_rows(rows, 3, 0, 8));
  EXPECT_NE(whole, hash_rows(std::vector<double>{3.0, 4.0, 1.0, 2.0, 5.0, 6.0}, 3, 0, 9));
  EXPECT_EQ(hash_rows({}, 0, 7, 9), 0U);
}

}  // namespace
}  // namespace jpo
