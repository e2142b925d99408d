#pragma once
// The time-stepping schemes of the Kuramoto-Sivashinsky model (see kuramoto_sivashinsky.cpp) on
// interleaved states of one block, as kernels: forward, tangent and adjoint sweeps.

#include <array>
#include <cstdint>
#include <utility>

#include "lanes/cyclic_band_lu.hpp"
#include "lanes/lanes.hpp"
#include "models/kuramoto_sivashinsky/grid.hpp"

namespace jpo::kuramoto_sivashinsky {

// A scheme solves B z = r with B = mass + theta dt A. A = D2 + D4 has the symmetric stencils below
// (centre first). r = state + dt (newest N[t] - older N[t-1]); in the first step,
// r = first_state + dt N[0]. N = alpha G - beta flux / dx * difference(u^2).

// SBDF2, second-order differences: u[t+1] = z.
struct SecondOrder {
  static constexpr int half_bandwidth = 2;
  // Radius of the stencil of `difference`.
  static constexpr int radius = 1;
  static constexpr std::array<double, 3> second = {-2.0, 1.0, 0.0};
  static constexpr std::array<double, 3> fourth = {6.0, -4.0, 1.0};
  static constexpr double first_mass = 1.0, mass = 1.5, theta = 1.0;
  static constexpr double newest = 2.0, older = 1.0;
  static constexpr double flux = 0.25;
  static constexpr bool subtracts_state = false;
  template <class At>
  JPO_KERNEL [[gnu::always_inline]] static Lanes difference(At&& at) {
    return at(Constant<1>{}) - at(Constant<-1>{});
  }
  JPO_KERNEL [[gnu::always_inline]] static Lanes first_state(const Lanes& u) { return u; }
  JPO_KERNEL [[gnu::always_inline]] static Lanes state(const Lanes& u, const double* before) {
    return 2.0 * u - 0.5 * load(before);
  }
  // Linear part of the cotangent of u[t], from mu1 = mu[t+1] and mu2 = mu[t+2].
  JPO_KERNEL [[gnu::always_inline]] static Lanes cotangent(bool first, const Lanes& mu1,
                                                           const Lanes& mu2) {
    return (first ? 1.0 : 2.0) * mu1 - 0.5 * mu2;
  }
};

// CNAB2, fourth-order differences: B = 1 + dt/2 A, so (1 - dt/2 A) u = 2 u - B u, and
// u[t+1] = z - u[t] with B z = 2 u[t] + dt (...).
struct FourthOrder {
  static constexpr int half_bandwidth = 3;
  static constexpr int radius = 2;
  static constexpr std::array<double, 4> second = {-5.0 / 2.0, 4.0 / 3.0, -1.0 / 12.0, 0.0};
  static constexpr std::array<double, 4> fourth = {28.0 / 3.0, -13.0 / 2.0, 2.0, -1.0 / 6.0};
  static constexpr double first_mass = 1.0, mass = 1.0, theta = 0.5;
  static constexpr double newest = 1.5, older = 0.5;
  static constexpr double flux = 1.0 / 24.0;
  static constexpr bool subtracts_state = true;
  template <class At>
  JPO_KERNEL [[gnu::always_inline]] static Lanes difference(At&& at) {
    return 8.0 * (at(Constant<1>{}) - at(Constant<-1>{})) -
           (at(Constant<2>{}) - at(Constant<-2>{}));
  }
  JPO_KERNEL [[gnu::always_inline]] static Lanes first_state(const Lanes& u) { return 2.0 * u; }
  JPO_KERNEL [[gnu::always_inline]] static Lanes state(const Lanes& u, const double* /*before*/) {
    return 2.0 * u;
  }
  JPO_KERNEL [[gnu::always_inline]] static Lanes cotangent(bool /*first*/, const Lanes& mu1,
                                                           const Lanes& /*mu2*/) {
    return 2.0 * mu1;
  }
};

struct Coefficients {
  Lanes alpha, beta;
};

/// States and tangents are [step][n][lane]. The first one is given; those up to `n_step` are
/// computed. `scratch`: scratch_size() doubles of this block.
template <class S>
struct Sweeps {
  Grid grid;
  /// B of the first step.
  CyclicBandSweeps<S::half_bandwidth> start;
  CyclicBandSweeps<S::half_bandwidth> step;
  /// S::flux / dx.
  double flux;
  /// G on the grid.
  const double* forcing;

  JPO_KERNEL std::int64_t block_size() const { return grid.n * n_lane; }
  JPO_KERNEL std::int64_t scratch_size() const { return 3 * block_size(); }

  JPO_KERNEL void forward(const Coefficients& m, std::int64_t n_step, double* states,
                          double* scratch) const {
    const Lanes alpha = m.alpha;
    const Lanes scaled = flux * m.beta;
    double* n_old = scratch;
    double* n_new = scratch + block_size();
    for (std::int64_t t = 0; t < n_step; ++t) {
      const double* u = states + t * block_size();
      const auto nonlinear = [&](std::int64_t i) __attribute__((always_inline)) {
        const auto square = [&](auto k) __attribute__((always_inline)) {
          const Lanes there = load(u + beside(i, k) * n_lane);
          return there * there;
        };
        const Lanes value = forcing[i] * alpha - scaled * S::difference(square);
        store(n_new + i * n_lane, value);
        return value;
      };
      advance(t, states, n_old, nonlinear);
      swap_pointers(n_old, n_new);
    }
  }

  struct Direction {
    Coefficients dm;
    std::int64_t n_step;
  };
  /// Computes the derivatives of the states along dm and tangents[0].
  JPO_KERNEL void tangent(const Coefficients& m, const double* states, const Direction& direction,
                          double* tangents, double* scratch) const {
    const Lanes scaled = (2.0 * flux) * m.beta;
    const Lanes dalpha = direction.dm.alpha;
    const Lanes dscaled = flux * direction.dm.beta;
    double* n_old = scratch;
    double* n_new = scratch + block_size();
    for (std::int64_t t = 0; t < direction.n_step; ++t) {
      const double* u = states + t * block_size();
      const double* v = tangents + t * block_size();
      const auto nonlinear = [&](std::int64_t i) __attribute__((always_inline)) {
        const auto square = [&](auto k) __attribute__((always_inline)) {
          const Lanes there = load(u + beside(i, k) * n_lane);
          return there * there;
        };
        const auto product = [&](auto k) __attribute__((always_inline)) {
          return load(u + beside(i, k) * n_lane) * load(v + beside(i, k) * n_lane);
        };
        const Lanes value =
            forcing[i] * dalpha - dscaled * S::difference(square) - scaled * S::difference(product);
        store(n_new + i * n_lane, value);
        return value;
      };
      advance(t, tangents, n_old, nonlinear);
      swap_pointers(n_old, n_new);
    }
  }

  struct Cotangent {
    Observed observed;
    const double* weights;
  };
  /// Computes the gradient of <weights, observed values> up to the last observed step. Returns the
  /// gradient with respect to the coefficients, and writes the one with respect to the first state
  /// to initial [n][lane]. lambda[t] is the cotangent of u[t]; mu[t] = B^-1 lambda[t] is that of
  /// the right-hand side of the step to u[t].
  JPO_KERNEL Coefficients adjoint(const Coefficients& m, const double* states,
                                  const Cotangent& cotangent, double* initial,
                                  double* scratch) const {
    double* lambda = scratch;
    double* mu1 = scratch + block_size();      // mu[t+1]
    double* mu2 = scratch + 2 * block_size();  // mu[t+2]
    clear_lanes(scratch, scratch_size());
    Coefficients g{lanes_of(0.0), lanes_of(0.0)};
    const std::int64_t n_step = cotangent.observed.last_step();
    cotangent.observed.add(n_step, cotangent.weights, lambda);
    for (std::int64_t t = n_step - 1; t >= 0; --t) {
      swap_pointers(mu1, mu2);
      (t == 0 ? start : step)
          .solve(
              [&](std::int64_t i)
                  __attribute__((always_inline)) { return load(lambda + i * n_lane); },
              mu1);
      pull_back(t, states + t * block_size(), m.beta, {mu1, mu2, lambda}, g);
      cotangent.observed.add(t, cotangent.weights, lambda);
    }
    copy_lanes(lambda, block_size(), initial);
    return g;
  }

 private:
  // Returns i + k modulo n.
  template <int k>
  JPO_KERNEL [[gnu::always_inline]] std::int64_t beside(std::int64_t i,
                                                        Constant<k> /*distance*/) const {
    if constexpr (k > 0)
      return i + k < grid.n ? i + k : i + k - grid.n;
    else
      return i + k >= 0 ? i + k : i + k + grid.n;
  }

  // Computes state t + 1 from state t. nonlinear(i) returns N[t] in row i; n_old holds N[t-1].
  template <class Nonlinear>
  JPO_KERNEL void advance(std::int64_t t, double* states, const double* n_old,
                          Nonlinear&& nonlinear) const {
    const double* u = states + t * block_size();
    double* next = states + (t + 1) * block_size();
    const double dt = grid.dt;
    const auto result = [&](std::int64_t i, const Lanes& z) __attribute__((always_inline)) {
      if constexpr (S::subtracts_state)
        return z - load(u + i * n_lane);
      else
        return z;
    };
    if (t == 0) {
      start.solve(
          [&](std::int64_t i) __attribute__((always_inline)) {
            return S::first_state(load(u + i * n_lane)) + dt * nonlinear(i);
          },
          next, result);
      return;
    }
    const double* before = u - block_size();
    step.solve(
        [&](std::int64_t i) __attribute__((always_inline)) {
          return S::state(load(u + i * n_lane), before + i * n_lane) +
                 dt * (S::newest * nonlinear(i) - S::older * load(n_old + i * n_lane));
        },
        next, result);
  }

  struct Cotangents {
    const double* mu1;
    const double* mu2;
    double* lambda;
  };
  // Replaces lambda[t+1] by lambda[t], the sum of the linear part (S::cotangent) and (dN/du)^T nu.
  // nu = dt (newest mu1 - older mu2) is the cotangent of N[t]; in the first step N[0] has weight 1.
  // `difference` is antisymmetric: its transpose is minus itself. Adds to the gradient with respect
  // to alpha and beta.
  JPO_KERNEL void pull_back(std::int64_t t, const double* u, const Lanes& beta,
                            const Cotangents& at, Coefficients& g) const {
    constexpr int radius = S::radius;
    const double newest = t == 0 ? 1.0 : S::newest;
    const double dt = grid.dt;
    const auto nu = [&](std::int64_t i) __attribute__((always_inline)) {
      return dt * (newest * load(at.mu1 + i * n_lane) - S::older * load(at.mu2 + i * n_lane));
    };
    const Lanes scaled = (2.0 * flux) * beta;
    // nu at i - radius .. i + radius.
    LaneList<2 * radius + 1> near;
    unrolled<2 * radius>([&](auto k) __attribute__((always_inline)) {
      near.set(Constant<k + 1>{}, nu(beside(0, Constant<k - radius>{})));
    });
    Coefficients sum{lanes_of(0.0), lanes_of(0.0)};
    for (std::int64_t i = 0; i < grid.n; ++i) {
      unrolled<2 * radius>([&](auto k) __attribute__((always_inline)) {
        near.set(k, near[Constant<k + 1>{}]);
      });
      near.set(Constant<2 * radius>{}, nu(beside(i, Constant<radius>{})));
      const Lanes state = load(u + i * n_lane);
      const Lanes product = state * S::difference([&](auto k) __attribute__((always_inline)) {
                              return near[Constant<radius + k>{}];
                            });
      double* lambda = at.lambda + i * n_lane;
      Lanes value = S::cotangent(t == 0, load(at.mu1 + i * n_lane), load(at.mu2 + i * n_lane));
      if constexpr (S::subtracts_state) value = value - load(lambda);
      store(lambda, value + scaled * product);
      sum.alpha = sum.alpha + forcing[i] * near[Constant<radius>{}];
      sum.beta = sum.beta + state * product;
    }
    g.alpha = g.alpha + sum.alpha;
    g.beta = g.beta + flux * sum.beta;
  }
};

}  // namespace jpo::kuramoto_sivashinsky
