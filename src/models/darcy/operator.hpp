#pragma once
// The discrete operator of the Darcy model, for a block of problems.

#include <cmath>
#include <cstdint>
#include <limits>

#include "lanes/lanes.hpp"

namespace jpo {

/// A(k) u = b is the balance of flows of -div(exp(k) grad u) = f over n x n square cells of the
/// unit square, u = 0 on its edges. u and k are at cell centres, cell = row * n + column. The flow
/// across a face is T (u_p - u_q) with the harmonic mean T = 2 / (exp(-k_p) + exp(-k_q)), which is
/// exact for a layered medium. Edges of the square are half a cell away: T = 2 exp(k_p). b = h^2 f.
/// A is symmetric and positive definite. Fields are [cell][lane]; the resistance exp(-k) is stored
/// instead of k.
struct DarcyOperator {
  /// log(1e300): the largest |k|.
  static constexpr double largest_log = 690.77552789821368;

  /// Cells along each side.
  std::int64_t n;

  JPO_KERNEL std::int64_t n_cell() const { return n * n; }
  JPO_KERNEL double cell_width() const { return 1.0 / static_cast<double>(n); }
  JPO_KERNEL std::int64_t field_size() const { return n_cell() * n_lane; }

  /// Replaces k by exp(-k), or by NaN if k is not finite or exp(k) is outside [1e-300, 1e300]. All
  /// values of A^-1 are then NaN. Returns 0, or NaN in lanes with such a k.
  JPO_KERNEL Lanes log_to_resistance(double* k) const;

  /// Returns A(row, column) of a cell and itself or a neighbour.
  JPO_KERNEL Lanes entry(const double* resistance, std::int64_t row, std::int64_t column) const;

  /// Computes result = (dA(k)/dk [dk]) u.
  JPO_KERNEL void apply_derivative(const double* resistance, const double* dk, const double* u,
                                   double* result) const;
  /// Computes g = d(lambda . A(k) u)/dk.
  JPO_KERNEL void pull_back(const double* resistance, const double* lambda, const double* u,
                            double* g) const;

 private:
  JPO_KERNEL static Lanes at(const double* field, std::int64_t cell) {
    return load(field + cell * n_lane);
  }
  JPO_KERNEL static void add(double* field, std::int64_t cell, const Lanes& x) {
    store(field + cell * n_lane, load(field + cell * n_lane) + x);
  }
  /// Returns T of the face between two cells, or between a cell and an edge of the square.
  JPO_KERNEL static Lanes across(const double* resistance, std::int64_t p, std::int64_t q) {
    return 2.0 / (at(resistance, p) + at(resistance, q));
  }
  JPO_KERNEL static Lanes to_edge(const double* resistance, std::int64_t p) {
    return 2.0 / at(resistance, p);
  }
  /// Returns the number of edges of the square that a cell in row (or column) i touches.
  JPO_KERNEL double n_edge(std::int64_t i) const {
    return (i == 0 ? 1.0 : 0.0) + (i == n - 1 ? 1.0 : 0.0);
  }
  /// Calls inner(p, q) for every face between two cells, and edge(p, n) for every cell that touches
  /// n > 0 edges.
  template <class Inner, class Edge>
  JPO_KERNEL void for_each_face(Inner&& inner, Edge&& edge) const {
    for (std::int64_t row = 0; row < n; ++row) {
      for (std::int64_t column = 0; column < n; ++column) {
        const std::int64_t p = row * n + column;
        if (column + 1 < n) inner(p, p + 1);
        if (row + 1 < n) inner(p, p + n);
        const double n_outer = n_edge(row) + n_edge(column);
        if (n_outer > 0.0) edge(p, n_outer);
      }
    }
  }
};

JPO_KERNEL inline Lanes DarcyOperator::log_to_resistance(double* k) const {
  Lanes check = lanes_of(0.0);
  for (std::int64_t cell = 0; cell < n_cell(); ++cell) {
    double* values = k + cell * n_lane;
    for_each_lane([&](std::int64_t lane) {
      const bool is_good = std::abs(values[lane]) <= largest_log;  // false for NaN
      values[lane] = is_good ? std::exp(-values[lane]) : std::numeric_limits<double>::quiet_NaN();
    });
    assign(check, check + 0.0 * load(values));
  }
  return check;
}

JPO_KERNEL inline Lanes DarcyOperator::entry(const double* resistance, std::int64_t row,
                                             std::int64_t column) const {
  if (row != column) return -1.0 * across(resistance, row, column);
  const std::int64_t i = row % n, j = row / n;
  Lanes sum = (n_edge(i) + n_edge(j)) * to_edge(resistance, row);
  if (j > 0) assign(sum, sum + across(resistance, row, row - n));
  if (i > 0) assign(sum, sum + across(resistance, row, row - 1));
  if (i + 1 < n) assign(sum, sum + across(resistance, row, row + 1));
  if (j + 1 < n) assign(sum, sum + across(resistance, row, row + n));
  return sum;
}

JPO_KERNEL inline void DarcyOperator::apply_derivative(const double* resistance, const double* dk,
                                                       const double* u, double* result) const {
  clear_lanes(result, field_size());
  for_each_face(
      [&](std::int64_t p, std::int64_t q) {
        // dT/dk_p = T exp(-k_p) / (exp(-k_p) + exp(-k_q)) = T^2 exp(-k_p) / 2
        const Lanes t = across(resistance, p, q);
        const Lanes along = at(resistance, p) * at(dk, p) + at(resistance, q) * at(dk, q);
        const Lanes flow = 0.5 * t * t * along * (at(u, p) - at(u, q));
        add(result, p, flow);
        add(result, q, -1.0 * flow);
      },
      [&](std::int64_t p, double n_outer) {
        add(result, p, n_outer * to_edge(resistance, p) * at(dk, p) * at(u, p));
      });
}

JPO_KERNEL inline void DarcyOperator::pull_back(const double* resistance, const double* lambda,
                                                const double* u, double* g) const {
  clear_lanes(g, field_size());
  for_each_face(
      [&](std::int64_t p, std::int64_t q) {
        const Lanes t = across(resistance, p, q);
        const Lanes drop = (at(lambda, p) - at(lambda, q)) * (at(u, p) - at(u, q));
        const Lanes share = 0.5 * t * t * drop;
        add(g, p, at(resistance, p) * share);
        add(g, q, at(resistance, q) * share);
      },
      [&](std::int64_t p, double n_outer) {
        add(g, p, n_outer * to_edge(resistance, p) * at(lambda, p) * at(u, p));
      });
}

}  // namespace jpo
