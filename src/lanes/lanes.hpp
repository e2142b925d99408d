#pragma once
// The interface between a model's loops and the hardware. States of a batch are interleaved in
// blocks of n_lane problems, [block][...][lane], padded to whole blocks. There are no remainder
// loops, and the arithmetic of a problem does not depend on its lane. A kernel is written once,
// with the type Lanes. On the host, a Lanes is n_lane doubles in SIMD registers and a loop runs
// over the blocks. On a device, a Lanes is one double, one thread runs each lane, and the threads
// of a block access memory together.
//
// A kernel is a struct of numbers and pointers with operator()(block) const; this operator and all
// functions that it calls are JPO_KERNEL. It has no members of type Lanes: their size differs
// between host and device.

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/device/batch.hpp"
#include "core/device/kernel_launch.hpp"
#include "core/device/memory_space.hpp"
#include "core/device/space_array.hpp"

namespace jpo {

inline constexpr std::int64_t n_lane = 16;

// JPO_EMULATED_DEVICE: the device's form of a kernel on the host, for tests.
#if defined(__CUDA_ARCH__) || defined(JPO_EMULATED_DEVICE)

#if defined(__CUDA_ARCH__)
JPO_KERNEL inline std::int64_t this_lane() {
  return threadIdx.x % n_lane;
}
#else
inline thread_local std::int64_t emulated_lane = 0;
inline std::int64_t this_lane() {
  return emulated_lane;
}
#endif

/// One number: the value of the thread's problem.
struct Lanes {
  double a;
};
JPO_KERNEL inline Lanes load(const double* from) {
  return {from[this_lane()]};
}
JPO_KERNEL inline void store(double* to, const Lanes& x) {
  to[this_lane()] = x.a;
}
JPO_KERNEL inline Lanes lanes_of(double s) {
  return {s};
}
JPO_KERNEL inline Lanes operator+(const Lanes& x, const Lanes& y) {
  return {x.a + y.a};
}
JPO_KERNEL inline Lanes operator-(const Lanes& x, const Lanes& y) {
  return {x.a - y.a};
}
JPO_KERNEL inline Lanes operator*(const Lanes& x, const Lanes& y) {
  return {x.a * y.a};
}
JPO_KERNEL inline Lanes operator*(double s, const Lanes& x) {
  return {s * x.a};
}
JPO_KERNEL inline Lanes operator/(double s, const Lanes& x) {
  return {s / x.a};
}
JPO_KERNEL inline void assign(Lanes& to, const Lanes& x) {
  to.a = x.a;
}

using LanePart = double;
JPO_KERNEL inline LanePart load_part(const double* from) {
  return *from;
}
JPO_KERNEL inline void store_part(double* to, const LanePart& x) {
  *to = x;
}
JPO_KERNEL inline LanePart square_root(const LanePart& x) {
  return std::sqrt(x);
}
template <class Body>
JPO_KERNEL inline void for_each_part(Body&& body) {
  body(this_lane());
}

/// Calls body(lane) for each lane of this thread.
template <class Body>
JPO_KERNEL inline void for_each_lane(Body&& body) {
  body(this_lane());
}

#else

/// One number per problem of a block; arithmetic is lane by lane.
struct Lanes {
  // Four registers: enough independent work to hide the latency of a substitution sweep.
  using Quad = double __attribute__((vector_size(32)));
  using Stored = double __attribute__((vector_size(32), aligned(8), may_alias));
  Quad a, b, c, d;
};

// Register by register: compilers copy the whole struct through memory in smaller pieces.
JPO_KERNEL inline Lanes load(const double* from) {
  const auto* quads = reinterpret_cast<const Lanes::Stored*>(from);
  return {quads[0], quads[1], quads[2], quads[3]};
}
JPO_KERNEL inline void store(double* to, const Lanes& x) {
  auto* quads = reinterpret_cast<Lanes::Stored*>(to);
  quads[0] = x.a;
  quads[1] = x.b;
  quads[2] = x.c;
  quads[3] = x.d;
}
JPO_KERNEL inline Lanes lanes_of(double s) {
  const Lanes::Quad q = {s, s, s, s};
  return {q, q, q, q};
}
JPO_KERNEL inline Lanes operator+(const Lanes& x, const Lanes& y) {
  return {x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d};
}
JPO_KERNEL inline Lanes operator-(const Lanes& x, const Lanes& y) {
  return {x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d};
}
JPO_KERNEL inline Lanes operator*(const Lanes& x, const Lanes& y) {
  return {x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d};
}
JPO_KERNEL inline Lanes operator*(double s, const Lanes& x) {
  return {s * x.a, s * x.b, s * x.c, s * x.d};
}
JPO_KERNEL inline Lanes operator/(double s, const Lanes& x) {
  return {s / x.a, s / x.b, s / x.c, s / x.d};
}
JPO_KERNEL inline void assign(Lanes& to, const Lanes& x) {
  to.a = x.a;  // register by register, as in load
  to.b = x.b;
  to.c = x.c;
  to.d = x.d;
}

/// A quarter of Lanes, one register, for tiles of numbers that are used more than once. The
/// registers can hold at most three Lanes and their factors.
using LanePart = Lanes::Quad;
JPO_KERNEL inline LanePart load_part(const double* from) {
  return *reinterpret_cast<const Lanes::Stored*>(from);
}
JPO_KERNEL inline void store_part(double* to, const LanePart& x) {
  *reinterpret_cast<Lanes::Stored*>(to) = x;
}
JPO_KERNEL inline LanePart square_root(const LanePart& x) {
  return LanePart{std::sqrt(x[0]), std::sqrt(x[1]), std::sqrt(x[2]), std::sqrt(x[3])};
}
/// Calls body(lane) for the first lane of each LanePart of this thread.
template <class Body>
JPO_KERNEL inline void for_each_part(Body&& body) {
  for (std::int64_t lane = 0; lane < n_lane; lane += 4) body(lane);
}

/// Calls body(lane) for each lane of this thread.
template <class Body>
JPO_KERNEL inline void for_each_lane(Body&& body) {
  for (std::int64_t lane = 0; lane < n_lane; ++lane) body(lane);
}

#endif

/// Calls body(problem) for each problem of this thread in a block.
template <class Body>
JPO_KERNEL inline void for_each_problem(std::int64_t block, std::int64_t n_problem, Body&& body) {
  for_each_lane([&](std::int64_t lane) {
    const std::int64_t problem = block * n_lane + lane;
    if (problem < n_problem) body(problem);
  });
}

template <int k>
using Constant = std::integral_constant<int, k>;

/// Calls body(k) for k = 0 .. n-1, each a Constant.
template <int n, class Body>
JPO_KERNEL [[gnu::always_inline]] inline void unrolled(Body&& body) {
  [&]<int... k>(std::integer_sequence<int, k...>) __attribute__((always_inline)) {
    (body(Constant<k>{}), ...);
  }
  (std::make_integer_sequence<int, n>{});
}

/// n Lanes with constant indices, which stay in registers, unlike an array.
template <int n>
struct LaneList {
  Lanes first = lanes_of(0.0);
  LaneList<n - 1> rest{};
  template <int k>
  JPO_KERNEL [[gnu::always_inline]] const Lanes& operator[](Constant<k> /*index*/) const {
    if constexpr (k == 0)
      return first;
    else
      return rest[Constant<k - 1>{}];
  }
  template <int k>
  JPO_KERNEL [[gnu::always_inline]] void set(Constant<k> /*index*/, const Lanes& x) {
    if constexpr (k == 0)
      assign(first, x);
    else
      rest.set(Constant<k - 1>{}, x);
  }
  /// Shifts all entries by one and drops the last.
  JPO_KERNEL [[gnu::always_inline]] void push_front(const Lanes& x) {
    if constexpr (n > 1) rest.push_front(first);
    set(Constant<0>{}, x);
  }
};
template <>
struct LaneList<0> {};

/// Returns the number of blocks for n_problem problems.
inline std::int64_t n_block_of(std::int64_t n_problem) {
  return (n_problem + n_lane - 1) / n_lane;
}

#if defined(__CUDACC__)
template <class Kernel>
__global__ void run_kernel(Kernel kernel, std::int64_t n_block) {
  const std::int64_t thread = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (thread < n_block * n_lane) kernel(thread / n_lane);
}
#endif

/// Calls body(block) for every block, on the host.
template <class Body>
inline void for_each_block(std::int64_t n_block, Body&& body) {
  for (std::int64_t block = 0; block < n_block; ++block) body(block);
}

/// Runs kernel(block) for every block and waits for the end. `space` is the memory space of the
/// kernel's data. Blocks must be independent of each other. Throws std::logic_error if `space` is
/// the device and the source is not compiled as CUDA (*_kernels.cpp).
template <class Kernel>
inline void launch(MemorySpace space, std::int64_t n_block, const Kernel& kernel) {
#if defined(__CUDACC__)
  if (space == MemorySpace::device) {
    // Two blocks per warp, one warp per thread block: few problems then use many multiprocessors.
    constexpr unsigned int n_thread = 2 * n_lane;
    if (n_block == 0) return;
    run_kernel<<<static_cast<unsigned int>((n_block + 1) / 2), n_thread>>>(kernel, n_block);
    finish_device_work();
    return;
  }
#endif
#if defined(JPO_EMULATED_DEVICE)
  const auto run_thread = [&](std::int64_t thread) {
    emulated_lane = thread % n_lane;
    kernel(thread / n_lane);
  };
  for_each_index(space, n_block * n_lane, run_thread);
#else
  if (space != MemorySpace::host)
    throw std::logic_error("this source is not compiled for a device");
  for_each_block(n_block, kernel);
#endif
}

using LaneBuffer = GrowingArray<double>;

/// Returns true if blocks are computed one after the other and can share their work space.
inline bool shares_scratch([[maybe_unused]] MemorySpace space) {
#if defined(JPO_EMULATED_DEVICE)
  return false;  // as on a device
#else
  return space == MemorySpace::host;
#endif
}

/// Work space of each block. Its values are lost when the next block is computed.
struct BlockScratch {
  double* first;
  std::int64_t stride;
  JPO_KERNEL double* of(std::int64_t block) const { return first + block * stride; }
};

/// Owner of the work space: shared by all blocks on the host, separate for each block on a device.
class ScratchBuffer {
 public:
  explicit ScratchBuffer(MemorySpace space) : space_(space), values_(space) {}
  /// Returns work space of `size` doubles per block.
  BlockScratch reserve(std::int64_t n_block, std::int64_t size) {
    const bool shared = shares_scratch(space_);
    values_.reserve((shared ? 1 : n_block) * size);
    return {values_.data(), shared ? 0 : size};
  }

 private:
  MemorySpace space_;
  LaneBuffer values_;
};

/// Copies n doubles of a block, a multiple of n_lane.
JPO_KERNEL inline void copy_lanes(const double* from, std::int64_t n, double* to) {
  for (std::int64_t k = 0; k < n; k += n_lane) store(to + k, load(from + k));
}
JPO_KERNEL inline void clear_lanes(double* values, std::int64_t n) {
  for (std::int64_t k = 0; k < n; k += n_lane) store(values + k, lanes_of(0.0));
}
JPO_KERNEL inline void swap_pointers(double*& a, double*& b) {
  double* const was = a;
  a = b;
  b = was;
}

/// Reads the rows of one block of a batch, interleaved: lanes[component * n_lane + lane]. Lanes
/// without a row are set to 0.
template <class Scalar>
JPO_KERNEL inline void load_block(const BatchRows<Scalar>& rows, std::int64_t block,
                                  double* lanes) {
  for_each_lane([&](std::int64_t lane) {
    const std::int64_t problem = block * n_lane + lane;
    const double* row = rows.data() + problem * rows.n_component();
    const bool has_row = problem < rows.n_problem();
    for (std::int64_t k = 0; k < rows.n_component(); ++k)
      lanes[k * n_lane + lane] = has_row ? row[k] : 0.0;
  });
}

/// Writes the lanes of one block to their rows of a batch; lanes without a row are skipped.
JPO_KERNEL inline void store_block(const double* lanes, std::int64_t block,
                                   const BatchRows<double>& rows) {
  for_each_lane([&](std::int64_t lane) {
    const std::int64_t problem = block * n_lane + lane;
    if (problem >= rows.n_problem()) return;
    double* row = rows.data() + problem * rows.n_component();
    for (std::int64_t k = 0; k < rows.n_component(); ++k) row[k] = lanes[k * n_lane + lane];
  });
}

}  // namespace jpo
