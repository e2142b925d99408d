#include <gtest/gtest.h>

#include "core/checks.hpp"
#include "parallel/broadcast.hpp"

namespace jpo {
namespace {

// All ranks get the text of the lowest rank with a text that is not empty.
TEST(FirstText, IsThatOfTheLowestRank) {
  int rank = 0;
  int n_rank = 1;
  MPI_OK(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  MPI_OK(MPI_Comm_size(MPI_COMM_WORLD, &n_rank));
  EXPECT_EQ(first_text("", MPI_COMM_WORLD), "");
  for (int first = 0; first < n_rank; ++first) {
    const std::string mine = rank < first ? "" : std::string(10 + rank, 'a') + "\n";
    EXPECT_EQ(first_text(mine, MPI_COMM_WORLD), std::string(10 + first, 'a') + "\n");
  }
}

}  // namespace
}  // namespace jpo
