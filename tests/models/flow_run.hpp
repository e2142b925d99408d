#pragma once
// Runs of the Navier-Stokes scheme from a velocity given by functions, and norms of their results.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "models/navier_stokes/sweeps.hpp"

namespace jpo::navier_stokes {

/// A velocity as functions of the position (x, y).
struct FlowFunctions {
  std::function<double(double, double)> u, v;
};

inline double x_of_u(const Grid& grid, std::int64_t i) {
  return grid.h() * static_cast<double>(i);
}
inline double x_of_v(const Grid& grid, std::int64_t i) {
  return grid.h() * (static_cast<double>(i) + 0.5);
}

// Returns the velocity at the middle of each face, for one lane. With walls, row 0 of v is zero.
inline std::vector<double> sampled(const Grid& grid, const FlowFunctions& flow) {
  std::vector<double> velocity(static_cast<std::size_t>(grid.n_face()));
  for (std::int64_t j = 0; j < grid.n; ++j) {
    for (std::int64_t i = 0; i < grid.n; ++i) {
      velocity[grid.u_face(i, j)] = flow.u(x_of_u(grid, i), x_of_v(grid, j));
      velocity[grid.v_face(i, j)] =
          grid.walls && j == 0 ? 0.0 : flow.v(x_of_v(grid, i), x_of_u(grid, j));
    }
  }
  return velocity;
}

/// A run of the scheme that stores every state. Only lane 5 has a flow.
class FlowRun {
 public:
  FlowRun(const Grid& grid, const FlowFunctions& start)
      : projector_(grid), scheme_{grid, {grid.n_step, 1}, projector_.projection()} {
    record_.reserve(scheme_.record_size());
    scratch_.reserve(scheme_.scratch_size());
    const std::vector<double> velocity = sampled(grid, start);
    for (std::size_t face = 0; face < velocity.size(); ++face)
      record_.data()[static_cast<std::int64_t>(face) * n_lane + 5] = velocity[face];
    scheme_.forward(record_.data(), scratch_.data());
  }
  std::vector<double> at(std::int64_t step) const {
    return lane(record_.data() + scheme_.record_offset(step));
  }
  std::vector<double> rate_at(std::int64_t step) {
    LaneBuffer rate;
    rate.reserve(scheme_.grid.block_size());
    scheme_.rate(record_.data() + scheme_.record_offset(step), rate.data(), scratch_.data());
    return lane(rate.data());
  }

 private:
  std::vector<double> lane(const double* block) const {
    std::vector<double> result;
    for (std::int64_t face = 0; face < scheme_.grid.n_face(); ++face)
      result.push_back(block[face * n_lane + 5]);
    return result;
  }
  Projector projector_;
  Scheme scheme_;
  LaneBuffer record_, scratch_;
};

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

// Returns the root mean square of the difference.
inline double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

inline double largest_divergence(const Grid& grid, const std::vector<double>& velocity) {
  double largest = 0.0;
  for (std::int64_t j = 0; j < grid.n; ++j)
    for (std::int64_t i = 0; i < grid.n; ++i)
      largest = std::max(
          largest,
          std::abs(velocity[grid.u_face((i + 1) % grid.n, j)] - velocity[grid.u_face(i, j)] +
                   velocity[grid.v_face(i, (j + 1) % grid.n)] - velocity[grid.v_face(i, j)]) /
              grid.h());
  return largest;
}

}  // namespace jpo::navier_stokes
