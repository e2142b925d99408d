#pragma once
// Discretization of the Kuramoto-Sivashinsky model (see kuramoto_sivashinsky.cpp), its observations
// and its unknowns, for kernels.

#include <cstdint>

#include "lanes/lanes.hpp"

namespace jpo::kuramoto_sivashinsky {

enum class Scheme : std::uint8_t { second_order, fourth_order };

/// n points on [0, length), n_step steps of dt.
struct Grid {
  Scheme scheme = Scheme::second_order;
  std::int64_t n = 0;
  double length = 0.0;
  double dt = 0.0;
  std::int64_t n_step = 0;
  JPO_KERNEL double dx() const { return length / static_cast<double>(n); }
};

/// Observations: every stride-th point of the states at the steps interval, 2 interval, ...,
/// n_channel interval. Values are [observed step][point][lane].
struct Observed {
  std::int64_t n_channel;
  /// [steps]
  std::int64_t interval;
  std::int64_t n_point;
  /// [grid points]
  std::int64_t stride;

  JPO_KERNEL std::int64_t last_step() const { return n_channel * interval; }
  /// Copies the observed values of `states` [step][n][lane] to `values`.
  JPO_KERNEL void read(const double* states, double* values) const {
    const std::int64_t block_size = n_point * stride * n_lane;
    for (std::int64_t channel = 1; channel <= n_channel; ++channel)
      for (std::int64_t k = 0; k < n_point; ++k, values += n_lane)
        store(values, load(states + channel * interval * block_size + k * stride * n_lane));
  }
  /// Adds the values of step t to lambda [n][lane] at the observed points, if step t is observed.
  JPO_KERNEL void add(std::int64_t t, const double* values, double* lambda) const {
    if (t == 0 || t % interval != 0) return;
    values += (t / interval - 1) * n_point * n_lane;
    for (std::int64_t k = 0; k < n_point; ++k) {
      double* at = lambda + k * stride * n_lane;
      store(at, load(at) + load(values + k * n_lane));
    }
  }
};

/// u(0) = matrix * input, [n][n_input] row-major; null: u(0) = input.
struct Start {
  const double* matrix;
  std::int64_t n_input;
  /// True: the input is m, and alpha = 0, beta = 1. False: the input is c, and m = (alpha, beta).
  bool is_unknown;
};

}  // namespace jpo::kuramoto_sivashinsky
