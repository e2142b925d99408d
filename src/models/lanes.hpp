#pragma once
// The seam between a model's loops and the hardware. States of a batch are interleaved in blocks of
// n_lane problems, [block][...][lane], padded to whole blocks: no remainder loops, and a problem's
// arithmetic is the same wherever it stands. A kernel is written once, in the type Lanes: on the
// host one Lanes is n_lane doubles in SIMD registers; on a device it would be one double, a thread
// a lane.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "core/batch.hpp"

namespace jpo {

inline constexpr std::int64_t n_lane = 16;

/// One number of each problem of a block; arithmetic is lane by lane.
struct Lanes {
  // Four native registers: enough independent work to hide the latency of a substitution sweep.
  using Quad = double __attribute__((vector_size(32)));
  using Stored = double __attribute__((vector_size(32), aligned(8), may_alias));
  Quad a, b, c, d;
};

// Register by register: a copy of the whole struct would go through memory in smaller pieces.
inline Lanes load(const double* from) {
  const auto* quads = reinterpret_cast<const Lanes::Stored*>(from);
  return {quads[0], quads[1], quads[2], quads[3]};
}
inline void store(double* to, const Lanes& x) {
  auto* quads = reinterpret_cast<Lanes::Stored*>(to);
  quads[0] = x.a;
  quads[1] = x.b;
  quads[2] = x.c;
  quads[3] = x.d;
}
inline Lanes lanes_of(double s) {
  const Lanes::Quad q = {s, s, s, s};
  return {q, q, q, q};
}
inline Lanes operator+(const Lanes& x, const Lanes& y) {
  return {x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d};
}
inline Lanes operator-(const Lanes& x, const Lanes& y) {
  return {x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d};
}
inline Lanes operator*(const Lanes& x, const Lanes& y) {
  return {x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d};
}
inline Lanes operator*(double s, const Lanes& x) {
  return {s * x.a, s * x.b, s * x.c, s * x.d};
}

template <int k>
using Constant = std::integral_constant<int, k>;

/// body(k) for k = 0 .. n-1, each a Constant.
template <int n, class Body>
[[gnu::always_inline]] inline void unrolled(Body&& body) {
  [&]<int... k>(std::integer_sequence<int, k...>) __attribute__((always_inline)) {
    (body(Constant<k>{}), ...);
  }
  (std::make_integer_sequence<int, n>{});
}

/// n Lanes with constant indices, which stay in registers: an array of them would not.
template <int n>
struct LaneList {
  Lanes first = lanes_of(0.0);
  LaneList<n - 1> rest{};
  template <int k>
  [[gnu::always_inline]] const Lanes& operator[](Constant<k> /*index*/) const {
    if constexpr (k == 0)
      return first;
    else
      return rest[Constant<k - 1>{}];
  }
  template <int k>
  [[gnu::always_inline]] void set(Constant<k> /*index*/, const Lanes& x) {
    if constexpr (k == 0) {
      first.a = x.a;  // register by register, again
      first.b = x.b;
      first.c = x.c;
      first.d = x.d;
    } else {
      rest.set(Constant<k - 1>{}, x);
    }
  }
  /// Everything moves one on; the last falls off.
  [[gnu::always_inline]] void push_front(const Lanes& x) {
    if constexpr (n > 1) rest.push_front(first);
    set(Constant<0>{}, x);
  }
};
template <>
struct LaneList<0> {};

/// body(block) for every block. Blocks are independent of each other.
template <class Body>
inline void for_each_block(std::int64_t n_block, Body&& body) {
  for (std::int64_t block = 0; block < n_block; ++block) body(block);
}

inline std::int64_t n_block_of(std::int64_t n_problem) {
  return (n_problem + n_lane - 1) / n_lane;
}

/// Cache-line aligned doubles that grow only when a larger batch comes.
class LaneBuffer {
 public:
  void reserve(std::int64_t n) {
    if (n <= size_) return;
    // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): aligned memory has no make_unique
    data_.reset(new (std::align_val_t{64}) double[static_cast<std::size_t>(n)]());
    size_ = n;
  }
  double* data() { return data_.get(); }
  const double* data() const { return data_.get(); }

 private:
  struct Release {
    void operator()(double* data) const { ::operator delete[](data, std::align_val_t{64}); }
  };
  std::unique_ptr<double[], Release> data_;
  std::int64_t size_ = 0;
};

/// The rows of one block of a batch, side by side: lanes[component * n_lane + lane]; lanes without
/// a row are 0.
inline void load_block(const BatchRows<const double>& rows, std::int64_t n_problem,
                       std::int64_t n_component, std::int64_t block, double* lanes) {
  const std::int64_t first = block * n_lane;
  const std::int64_t n = std::min(n_lane, n_problem - first);
  if (n < n_lane) std::fill_n(lanes, n_component * n_lane, 0.0);
  for (std::int64_t lane = 0; lane < n; ++lane) {
    const double* row = rows.data() + (first + lane) * n_component;
    for (std::int64_t k = 0; k < n_component; ++k) lanes[k * n_lane + lane] = row[k];
  }
}

inline void store_block(const double* lanes, std::int64_t n_problem, std::int64_t n_component,
                        std::int64_t block, const BatchRows<double>& rows) {
  const std::int64_t first = block * n_lane;
  const std::int64_t n = std::min(n_lane, n_problem - first);
  for (std::int64_t lane = 0; lane < n; ++lane) {
    double* row = rows.data() + (first + lane) * n_component;
    for (std::int64_t k = 0; k < n_component; ++k) row[k] = lanes[k * n_lane + lane];
  }
}

}  // namespace jpo
