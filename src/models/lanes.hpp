#pragma once
// The seam between a model's loops and the hardware. States of a batch are interleaved in blocks of
// n_lane problems, [block][...][lane], padded to whole blocks: no remainder loops, and a problem's
// arithmetic is the same wherever it stands. A kernel is written once, in the type Lanes: on the
// host one Lanes is 8 doubles in SIMD registers; on a device it would be one double, a thread a
// lane.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "core/batch.hpp"

namespace jpo {

inline constexpr std::int64_t n_lane = 16;         ///< problems a block
inline constexpr std::int64_t n_lane_a_sweep = 8;  ///< problems a sweep: half a block, a cache line

/// One number of each problem of a sweep; arithmetic is lane by lane.
struct Lanes {
  // Two native registers: enough independent work to hide the latency of a substitution sweep, few
  // enough for a sweep's running values to stay in registers (four were 1.5 times slower).
  using Quad = double __attribute__((vector_size(32)));
  Quad a, b;
};

inline Lanes load(const double* from) {
  Lanes x;
  std::memcpy(&x, from, sizeof(Lanes));
  return x;
}
inline void store(double* to, const Lanes& x) {
  std::memcpy(to, &x, sizeof(Lanes));
}
inline Lanes lanes_of(double s) {
  const Lanes::Quad q = {s, s, s, s};
  return {q, q};
}
inline Lanes operator+(const Lanes& x, const Lanes& y) {
  return {x.a + y.a, x.b + y.b};
}
inline Lanes operator-(const Lanes& x, const Lanes& y) {
  return {x.a - y.a, x.b - y.b};
}
inline Lanes operator*(const Lanes& x, const Lanes& y) {
  return {x.a * y.a, x.b * y.b};
}
inline Lanes operator*(double s, const Lanes& x) {
  return {s * x.a, s * x.b};
}

/// body(block) for every block. Blocks are independent of each other.
template <class Body>
inline void for_each_block(std::int64_t n_block, Body&& body) {
  for (std::int64_t block = 0; block < n_block; ++block) body(block);
}

/// body(lane) for the first lane of every sweep of a block: pointers into the block move by it.
template <class Body>
inline void for_each_sweep(Body&& body) {
  for (std::int64_t lane = 0; lane < n_lane; lane += n_lane_a_sweep) body(lane);
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
