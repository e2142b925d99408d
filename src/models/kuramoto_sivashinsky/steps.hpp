#pragma once
// A batch of problems through the time steps of the Kuramoto-Sivashinsky model (see
// kuramoto_sivashinsky.cpp), in one memory space: solve, adjoint and tangent of all of its blocks.

#include <cstdint>
#include <memory>
#include <vector>

#include "lanes/lanes.hpp"

namespace jpo::kuramoto_sivashinsky {

enum class Scheme : std::uint8_t { second_order, fourth_order };

/// The discretization: n points on [0, length), n_step steps of dt.
struct Grid {
  Scheme scheme = Scheme::second_order;
  std::int64_t n = 0;
  double length = 0.0;
  double dt = 0.0;
  std::int64_t n_step = 0;
  JPO_KERNEL double dx() const { return length / static_cast<double>(n); }
};

/// Every stride-th point of the states at steps interval, 2 interval, ..., n_channel interval:
/// values [step][point][lane].
struct Observed {
  std::int64_t n_channel;
  std::int64_t interval;  ///< in steps
  std::int64_t n_point;
  std::int64_t stride;  ///< in grid points

  JPO_KERNEL std::int64_t last_step() const { return n_channel * interval; }
  JPO_KERNEL void read(const double* states, double* values) const {
    const std::int64_t block_size = n_point * stride * n_lane;
    for (std::int64_t channel = 1; channel <= n_channel; ++channel)
      for (std::int64_t k = 0; k < n_point; ++k, values += n_lane)
        store(values, load(states + channel * interval * block_size + k * stride * n_lane));
  }
  /// lambda += the values of step t, at their points; nothing where t is not observed.
  JPO_KERNEL void add(std::int64_t t, const double* values, double* lambda) const {
    if (t == 0 || t % interval != 0) return;
    values += (t / interval - 1) * n_point * n_lane;
    for (std::int64_t k = 0; k < n_point; ++k) {
      double* at = lambda + k * stride * n_lane;
      store(at, load(at) + load(values + k * n_lane));
    }
  }
};

/// What a problem's unknowns are, and how u(0) comes from what is given.
struct Unknowns {
  bool in_start;               ///< u(0) comes from m, alpha = 0, beta = 1; else m = (alpha, beta)
  std::int64_t n_parameter;    ///< of m
  std::int64_t n_start;        ///< columns of the start matrix
  const double* start_matrix;  ///< u(0) = matrix * (c or m) [n][n_start]; null: u(0) = c
};

/// The last solve's states stay for adjoint, tangent and state.
class Steps {
 public:
  Steps() = default;
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;
  Steps(Steps&&) = delete;
  Steps& operator=(Steps&&) = delete;
  virtual ~Steps() = default;

  /// y of the channels that are observed. Returns one value a problem, finite where the states are.
  virtual std::vector<double> solve(const Observed& observed, BatchRows<const double> c,
                                    BatchRows<const double> m, BatchRows<double> y) = 0;
  virtual void adjoint(BatchRows<const double> w, BatchRows<double> g) = 0;
  virtual void tangent(BatchRows<const double> v, BatchRows<double> dy) = 0;
  /// u of a problem after step t [n], on the host.
  virtual std::vector<double> state(std::int64_t problem, std::int64_t t) const = 0;
};

/// `start_matrix` [n][n_start] may be empty: u(0) = c. All data live in `space`.
std::unique_ptr<Steps> make_steps(const Grid& grid, Unknowns unknowns,
                                  const std::vector<double>& start_matrix, MemorySpace space);

}  // namespace jpo::kuramoto_sivashinsky
