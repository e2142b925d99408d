#pragma once
// A random field on the unit square as a truncated Karhunen-Loeve expansion.

#include <array>
#include <cstdint>
#include <vector>

#include "lanes/lanes.hpp"

namespace jpo {

/// k = E m and its transpose for a block of problems, m [mode][lane], k [cell][lane]. A mode is the
/// product of a cosine along x and a cosine along y: the sums run over x first, then over y. Has
/// only numbers and pointers, so that kernels can use it.
struct CosineSums {
  /// size cos(p pi x) cos(q pi y), with size = s_j c_j.
  struct Mode {
    std::int64_t p, q;
    double size;
  };

  std::int64_t n_grid, n_mode, n_wave;
  const Mode* modes;
  /// Cosines at the cell centres [wave number][n_grid].
  const double* cosines;

  /// Doubles of work space for one block.
  JPO_KERNEL std::int64_t scratch_size() const { return n_wave * n_grid * n_lane; }
  /// k = E m.
  JPO_KERNEL void expand(const double* m, double* k, double* scratch) const;
  /// g_m = E^T g_k.
  JPO_KERNEL void pull_back(const double* g_k, double* g_m, double* scratch) const;

 private:
  JPO_KERNEL double cosine(std::int64_t wave, std::int64_t i) const {
    return cosines[wave * n_grid + i];
  }
};

/// k(x, y) = sum_j m_j s_j phi_j(x, y), with phi_j = c_j cos(p_j pi x) cos(q_j pi y) of unit L2
/// norm. phi_j are the eigenfunctions of the covariance (-Laplace + tau^2)^(-alpha) with zero
/// normal derivative at the edges. s_j^2 is proportional to (pi^2 (p_j^2 + q_j^2) +
/// tau^2)^(-alpha). The n_mode largest s_j are kept. The constant, p = q = 0, is left out, so that
/// k has mean 0.
class CosineExpansion {
 public:
  struct Spectrum {
    std::int64_t n_mode = 0;
    double alpha = 0.0;
    double tau = 0.0;
    /// Standard deviation of k: root of the variance averaged over the square.
    double deviation = 0.0;
  };

  /// k is evaluated at the centres of n_grid x n_grid cells, cell = row * n_grid + column.
  CosineExpansion(const Spectrum& spectrum, std::int64_t n_grid,
                  MemorySpace space = MemorySpace::host);

  /// Returns pointers into this object, valid while it exists.
  CosineSums sums() const;

  /// Returns the n_mode pairs (p, q) in the order of the modes: by p^2 + q^2, then by p.
  static std::vector<std::array<std::int64_t, 2>> waves(std::int64_t n_mode);

 private:
  std::int64_t n_grid_;
  KernelArray<CosineSums::Mode> modes_;
  KernelArray<double> cosines_;
};

// scratch(q, x) = sum over modes with this q of s_j m_j cos(p_j pi x).
JPO_KERNEL inline void CosineSums::expand(const double* m, double* k, double* scratch) const {
  clear_lanes(scratch, scratch_size());
  for (std::int64_t j = 0; j < n_mode; ++j) {
    const Lanes amplitude = modes[j].size * load(m + j * n_lane);
    double* along = scratch + modes[j].q * n_grid * n_lane;
    for (std::int64_t i = 0; i < n_grid; ++i, along += n_lane)
      store(along, load(along) + cosine(modes[j].p, i) * amplitude);
  }
  for (std::int64_t row = 0; row < n_grid; ++row) {
    for (std::int64_t i = 0; i < n_grid; ++i, k += n_lane) {
      Lanes sum = lanes_of(0.0);
      for (std::int64_t q = 0; q < n_wave; ++q)
        assign(sum, sum + cosine(q, row) * load(scratch + (q * n_grid + i) * n_lane));
      store(k, sum);
    }
  }
}

JPO_KERNEL inline void CosineSums::pull_back(const double* g_k, double* g_m,
                                             double* scratch) const {
  clear_lanes(scratch, scratch_size());
  for (std::int64_t row = 0; row < n_grid; ++row) {
    for (std::int64_t i = 0; i < n_grid; ++i, g_k += n_lane) {
      const Lanes g = load(g_k);
      for (std::int64_t q = 0; q < n_wave; ++q) {
        double* along = scratch + (q * n_grid + i) * n_lane;
        store(along, load(along) + cosine(q, row) * g);
      }
    }
  }
  for (std::int64_t j = 0; j < n_mode; ++j) {
    const double* along = scratch + modes[j].q * n_grid * n_lane;
    Lanes sum = lanes_of(0.0);
    for (std::int64_t i = 0; i < n_grid; ++i, along += n_lane)
      assign(sum, sum + cosine(modes[j].p, i) * load(along));
    store(g_m + j * n_lane, modes[j].size * sum);
  }
}

}  // namespace jpo
