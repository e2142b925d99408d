// Tests sums in the memory of a device: in a CUDA build on the device of the rank, otherwise on the
// emulated device (emulated_device.cpp).

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "core/checks.hpp"
#include "core/device/hash_in_place.hpp"
#include "core/random.hpp"
#include "parallel/exact_sum.hpp"
#include "tests/emulated_device/emulated_device.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kValue = 1001;
constexpr int kTerm = 12;

// Returns term k: values of many magnitudes, or whole numbers if `whole`, whose sums are exact in
// any order. Two values are not finite and must be refused.
std::vector<double> term(int k, bool whole) {
  RandomStream stream(static_cast<std::uint64_t>(k));
  std::vector<double> values(kValue);
  for (double& value : values)
    value = whole ? static_cast<double>(stream.below(1000))
                  : std::ldexp(stream.normal(), static_cast<int>(stream.below(40)) - 25);
  values[static_cast<std::size_t>(k)] = std::numeric_limits<double>::infinity();
  values.back() = std::nan("");
  return values;
}

struct Sum {
  std::vector<double> values;
  double scalar = 0.0;
  std::int64_t count = 0;
  std::int64_t n_refused = 0;
  bool operator==(const Sum&) const = default;
};

class DeviceSum : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_cuda_device()) GTEST_SKIP() << "no CUDA device found";
    use_cuda_device();
    MPI_OK(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
    MPI_OK(MPI_Comm_size(MPI_COMM_WORLD, &n_rank));
  }

  void add(FlatSum& sum, MemorySpace space, int k) const {
    const std::vector<double> values = term(k, reduction == Reduction::fast);
    SpaceArray<double> terms(space, kValue);
    copy_values(space, terms.data(), MemorySpace::host, values.data(), kValue);
    sum.add(terms);
    sum.add_scalar(0, values.front());
    sum.add_scalar(1, 1.0);
    sum.count(0, k);
  }

  // Returns the sum over all ranks; each adds the terms `first`, `first + stride`, ... The sum is
  // cleared and computed twice.
  Sum total(MemorySpace space, const Transport& transport, int first, int stride) const {
    FlatSum sum({kValue, 1, 2}, reduction, space);
    FlatSum::Seconds seconds;
    for (int repeat = 0; repeat < 2; ++repeat) {
      sum.clear();
      for (int k = first; k < kTerm; k += stride) add(sum, space, k);
      sum.reduce(transport, seconds);
    }
    EXPECT_EQ(sum.scalar(1), kTerm);
    return {
        {sum.values().begin(), sum.values().end()}, sum.scalar(0), sum.counted(0), sum.n_refused()};
  }

  void expect_bits_of_the_host(Transport::Kind kind) {
    for (const Reduction each : {Reduction::exact, Reduction::fast}) {
      reduction = each;
      const Sum alone = total(MemorySpace::host, Transport(MPI_COMM_SELF), 0, 1);
      // Two values of each term are refused, and one scalar (the first value of term 0).
      EXPECT_EQ(alone.n_refused, 2 * kTerm + 1);
      EXPECT_EQ(alone.count, kTerm * (kTerm - 1) / 2);
      EXPECT_EQ(total(MemorySpace::device, Transport(kind, MPI_COMM_WORLD), rank, n_rank), alone);
    }
  }

  Reduction reduction = Reduction::exact;
  int rank = 0;
  int n_rank = 1;
};

TEST_F(DeviceSum, StagedHasTheBitsOfTheHost) {
  expect_bits_of_the_host(Transport::Kind::staged);
}

TEST_F(DeviceSum, ByMpiHasTheBitsOfTheHost) {
  expect_bits_of_the_host(Transport::Kind::mpi);
}

#if defined(JPO_EMULATED_DEVICE)
TEST_F(DeviceSum, ByDeviceAwareMpiHasTheBitsOfTheHost) {
  emulate_device_mpi(true);
  EXPECT_TRUE(Transport(Transport::Kind::mpi, MPI_COMM_WORLD).takes_device_memory());
  EXPECT_FALSE(Transport(Transport::Kind::staged, MPI_COMM_WORLD).takes_device_memory());
  expect_bits_of_the_host(Transport::Kind::mpi);
  emulate_device_mpi(false);
}

TEST_F(DeviceSum, IsAddedByAKernel) {
  const int before = n_emulated_kernel();
  FlatSum sum({kValue, 1, 2}, reduction, MemorySpace::device);
  add(sum, MemorySpace::device, 0);
  EXPECT_EQ(n_emulated_kernel(), before + 1);
}
#endif

TEST_F(DeviceSum, HashEqualsThatOfTheHost) {
  const std::vector<double> doubles = term(0, false);
  const std::vector<float> floats(doubles.begin(), doubles.end());
  const auto hash_on_device = [](const auto& numbers) {
    using Number = std::decay_t<decltype(numbers.front())>;
    SpaceArray<Number> values(MemorySpace::device, kValue);
    copy_values<Number>(MemorySpace::device, values.data(), MemorySpace::host, numbers.data(),
                        kValue);
    return hash_in_place(MemorySpace::device, values.data(), kValue);
  };
  EXPECT_EQ(hash_on_device(doubles), hash_in_place(MemorySpace::host, doubles.data(), kValue));
  EXPECT_EQ(hash_on_device(floats), hash_in_place(MemorySpace::host, floats.data(), kValue));
  EXPECT_NE(hash_on_device(floats), hash_on_device(doubles));
}

TEST_F(DeviceSum, RefusesTermsOfAnotherMemory) {
  FlatSum on_device({2}, Reduction::exact, MemorySpace::device);
  EXPECT_THROW(on_device.add(std::vector<double>{1.0, 2.0}), std::logic_error);
  FlatSum on_host({2}, Reduction::exact);
  EXPECT_THROW(on_host.add(SpaceArray<double>(MemorySpace::device, 2)), std::logic_error);
}

}  // namespace
}  // namespace jpo
