#pragma once
// The time-stepping scheme of the Kuramoto-Sivashinsky model (see kuramoto_sivashinsky.cpp) on
// interleaved states of one block: forward, adjoint and tangent sweeps.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "models/cyclic_band_lu.hpp"
#include "models/lanes.hpp"

namespace jpo::kuramoto_sivashinsky {

/// The discretization: n points on [0, length), n_step steps of dt.
struct Grid {
  std::int64_t n = 0;
  double length = 0.0;
  double dt = 0.0;
  std::int64_t n_step = 0;
  double dx() const { return length / static_cast<double>(n); }
};

/// Sweeps over one block; buffers are its own, so one object serves one thread.
class Steps {
 public:
  explicit Steps(const Grid& grid);

  /// states [n_step + 1][n][lane]: the first is given, the others are computed.
  void forward(double* states, const Lanes& alpha, const Lanes& beta) {
    const Lanes scaled = flux_ * beta;
    double* n_old = old_.data();
    double* n_new = new_.data();
    for (std::int64_t t = 0; t < grid_.n_step; ++t) {
      const double* u = states + t * block_size();
      const auto nonlinear = [&](std::int64_t i) __attribute__((always_inline)) {
        const Lanes right = load(u + next(i) * n_lane);
        const Lanes left = load(u + previous(i) * n_lane);
        const Lanes value = forcing_[i] * alpha - scaled * (right * right - left * left);
        store(n_new + i * n_lane, value);
        return value;
      };
      advance(t, states, n_old, nonlinear);
      std::swap(n_old, n_new);
    }
  }

  /// The states' derivative along (dalpha, dbeta) and tangents[0]; tangents as states.
  void tangent(const double* states, double* tangents, const Lanes& beta, const Lanes& dalpha,
               const Lanes& dbeta) {
    const Lanes scaled = (2.0 * flux_) * beta;
    const Lanes dscaled = flux_ * dbeta;
    double* n_old = old_.data();
    double* n_new = new_.data();
    for (std::int64_t t = 0; t < grid_.n_step; ++t) {
      const double* u = states + t * block_size();
      const double* v = tangents + t * block_size();
      const auto nonlinear = [&](std::int64_t i) __attribute__((always_inline)) {
        const Lanes right = load(u + next(i) * n_lane);
        const Lanes left = load(u + previous(i) * n_lane);
        const Lanes value =
            forcing_[i] * dalpha - dscaled * (right * right - left * left) -
            scaled * (right * load(v + next(i) * n_lane) - left * load(v + previous(i) * n_lane));
        store(n_new + i * n_lane, value);
        return value;
      };
      advance(t, tangents, n_old, nonlinear);
      std::swap(n_old, n_new);
    }
  }

  struct Gradient {
    Lanes alpha, beta;
  };
  /// Gradient of sum_t <w[t], u[t]>: with respect to alpha and beta, and to u[0] in `initial`
  /// [n][lane]. add_weights(t, lambda) adds w[t] to lambda [n][lane].
  template <class AddWeights>
  Gradient adjoint(const double* states, const Lanes& beta, double* initial,
                   AddWeights&& add_weights) {
    // mu[t+1], mu[t+2]: cotangents of the right-hand sides of the next two steps.
    double* mu1 = old_.data();
    double* mu2 = new_.data();
    double* mu0 = spare_.data();
    std::fill_n(mu1, block_size(), 0.0);
    std::fill_n(mu2, block_size(), 0.0);
    std::fill_n(mu0, block_size(), 0.0);
    Gradient g{lanes_of(0.0), lanes_of(0.0)};
    add_weights(grid_.n_step, mu0);
    for (std::int64_t t = grid_.n_step; t > 0; --t) {
      const CyclicBandLu& lu = t == 1 ? start_ : step_;
      lu.solve(
          [&](std::int64_t i) __attribute__((always_inline)) { return load(mu0 + i * n_lane); },
          mu0);
      std::swap(mu2, mu1);
      std::swap(mu1, mu0);
      pull_back(t - 1, states + (t - 1) * block_size(), beta, {mu1, mu2}, mu0, g);
      add_weights(t - 1, mu0);
    }
    for (std::int64_t i = 0; i < grid_.n; ++i) store(initial + i * n_lane, load(mu0 + i * n_lane));
    return g;
  }

  std::int64_t block_size() const { return grid_.n * n_lane; }

 private:
  struct Cotangents {
    const double* mu1;
    const double* mu2;
  };

  std::int64_t next(std::int64_t i) const { return i + 1 < grid_.n ? i + 1 : 0; }
  std::int64_t previous(std::int64_t i) const { return i > 0 ? i - 1 : grid_.n - 1; }

  // Step t -> t + 1 of `states`; `nonlinear(i)` is N[t] in row i, n_old holds N[t-1].
  template <class Nonlinear>
  void advance(std::int64_t t, double* states, const double* n_old, Nonlinear&& nonlinear) {
    const double* u = states + t * block_size();
    double* result = states + (t + 1) * block_size();
    const double dt = grid_.dt;
    if (t == 0) {
      start_.solve(
          [&](std::int64_t i)
              __attribute__((always_inline)) { return load(u + i * n_lane) + dt * nonlinear(i); },
          result);
      return;
    }
    const double* before = u - block_size();
    step_.solve(
        [&](std::int64_t i) __attribute__((always_inline)) {
          return 2.0 * load(u + i * n_lane) - 0.5 * load(before + i * n_lane) +
                 dt * (2.0 * nonlinear(i) - load(n_old + i * n_lane));
        },
        result);
  }

  // lambda[t] = f mu1 - mu2 / 2 + (dN/du)^T nu with nu = dt (f mu1 - mu2), the cotangent of N[t];
  // f = 2, and 1 at t = 0 (the Euler step). Adds to the gradient of alpha and beta.
  void pull_back(std::int64_t t, const double* u, const Lanes& beta, const Cotangents& mu,
                 double* lambda, Gradient& g) const {
    const double f = t == 0 ? 1.0 : 2.0;
    const double dt = grid_.dt;
    const auto nu = [&](std::int64_t i) __attribute__((always_inline)) {
      return dt * (f * load(mu.mu1 + i * n_lane) - load(mu.mu2 + i * n_lane));
    };
    const Lanes scaled = (2.0 * flux_) * beta;
    Lanes left = nu(grid_.n - 1);
    Lanes here = nu(0);
    Lanes g_alpha = lanes_of(0.0);
    Lanes g_beta = lanes_of(0.0);
    for (std::int64_t i = 0; i < grid_.n; ++i) {
      const Lanes right = nu(next(i));
      const Lanes state = load(u + i * n_lane);
      const Lanes turned = state * (right - left);
      store(lambda + i * n_lane,
            f * load(mu.mu1 + i * n_lane) - 0.5 * load(mu.mu2 + i * n_lane) + scaled * turned);
      g_alpha = g_alpha + forcing_[i] * here;
      g_beta = g_beta + state * turned;
      left = here;
      here = right;
    }
    g.alpha = g.alpha + g_alpha;
    g.beta = g.beta + flux_ * g_beta;
  }

  Grid grid_;
  CyclicBandLu start_;
  CyclicBandLu step_;
  double flux_;
  std::vector<double> forcing_;
  LaneBuffer old_, new_, spare_;
};

}  // namespace jpo::kuramoto_sivashinsky
