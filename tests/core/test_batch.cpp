#include <utility>

#include <gtest/gtest.h>

#include "core/device/batch.hpp"
#include "core/handle.hpp"

namespace jpo {
namespace {

TEST(Batch, RowsAreRowMajorAndKeptWhenItShrinks) {
  Batch batch(3, 2);
  {
    const auto rows = batch.write();
    for (int k = 0; k < 6; ++k) rows.values()[static_cast<std::size_t>(k)] = k;
  }
  batch.set_n_problem(2);
  EXPECT_EQ(batch.read().values().size(), 4U);
  EXPECT_EQ(batch.read().row(1)[1], 3.0);
  batch.set_n_problem(3);
  EXPECT_EQ(batch.read().row(2)[0], 4.0);
}

TEST(Batch, CopyIsIndependent) {
  Batch batch(2, 1);
  batch.fill(1.0);
  Batch copy = batch.copy();
  copy.fill(2.0);
  EXPECT_EQ(batch.read().row(1)[0], 1.0);
  EXPECT_EQ(copy.read().row(1)[0], 2.0);
}

TEST(Batch, MovesItsMemory) {
  Batch batch(2, 2);
  batch.fill(5.0);
  const Batch moved = std::move(batch);
  EXPECT_EQ(moved.read().row(0)[1], 5.0);
}

TEST(Batch, MayBeEmpty) {
  const Batch none(0, 4);
  EXPECT_TRUE(none.read().values().empty());
  const Batch no_context(3, 0);
  EXPECT_TRUE(no_context.read().row(2).empty());
}

int n_destroyed = 0;
int destroy_number(int** number) {
  ++n_destroyed;
  *number = nullptr;
  return 0;
}

TEST(Handle, DestroysItsObjectOnce) {
  int number = 1;
  n_destroyed = 0;
  {
    Handle<int*, destroy_number> first(&number);
    Handle<int*, destroy_number> second = std::move(first);
    first = std::move(second);
    EXPECT_EQ(first.get(), &number);
    EXPECT_EQ(second.get(), nullptr);
  }
  EXPECT_EQ(n_destroyed, 1);
}

}  // namespace
}  // namespace jpo
