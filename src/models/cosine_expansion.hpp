#pragma once
// A random field on the unit square as a truncated Karhunen-Loeve expansion.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace jpo {

/// k(x, y) = sum_j m_j s_j phi_j(x, y), with phi_j = c_j cos(p_j pi x) cos(q_j pi y) of unit L2
/// norm: the eigenfunctions of the covariance (-Laplace + tau^2)^(-alpha) with zero normal
/// derivative at the edges. s_j^2 is proportional to (pi^2 (p_j^2 + q_j^2) + tau^2)^(-alpha); kept
/// are the n_mode largest but for the constant p = q = 0, so that k has mean 0 over the square.
class CosineExpansion {
 public:
  struct Spectrum {
    std::int64_t n_mode = 0;
    double alpha = 0.0;
    double tau = 0.0;
    double deviation = 0.0;  ///< root of the variance of k, averaged over the square
  };

  /// Values at the centres of n_grid x n_grid cells, cell = row * n_grid + column.
  CosineExpansion(const Spectrum& spectrum, std::int64_t n_grid);

  std::int64_t n_mode() const { return static_cast<std::int64_t>(waves_.size()); }
  std::int64_t n_cell() const { return n_cell_; }
  /// (p, q) of mode j.
  std::array<std::int64_t, 2> wave(std::int64_t j) const {
    return waves_[static_cast<std::size_t>(j)];
  }

  /// k = E m.
  void expand(std::span<const double> m, std::span<double> k) const;
  /// g_m = E^T g_k.
  void pull_back(std::span<const double> g_k, std::span<double> g_m) const;

  /// The n_mode pairs (p, q) in the order of the modes: by p^2 + q^2, then by p.
  static std::vector<std::array<std::int64_t, 2>> waves(std::int64_t n_mode);

 private:
  std::span<const double> mode(std::size_t j) const {
    return std::span(modes_).subspan(j * static_cast<std::size_t>(n_cell_),
                                     static_cast<std::size_t>(n_cell_));
  }

  std::int64_t n_cell_;
  std::vector<std::array<std::int64_t, 2>> waves_;
  std::vector<double> modes_;  ///< s_j phi_j [mode][cell]
};

}  // namespace jpo
