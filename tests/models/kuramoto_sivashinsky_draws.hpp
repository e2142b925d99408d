#pragma once
// Draws of the prior of the Kuramoto-Sivashinsky model and their solutions, for its tests.

#include <cmath>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tests/models/make_model.hpp"

namespace jpo {

inline constexpr const char* kuramoto_sivashinsky_model = "kuramoto_sivashinsky";

struct Solved {
  Batch c, m, y;
  std::vector<SolveStatus> status;
};

inline Solved solve_draws(const std::map<std::string, std::string>& settings, std::int64_t n,
                          std::uint64_t first_seed = 0,
                          Resolution resolution = Resolution::inversion) {
  const auto model = make_test_model(kuramoto_sivashinsky_model, settings, resolution);
  const ModelShape& shape = model->shape();
  Solved result{Batch(n, shape.context.size()), Batch(n, shape.parameters.size()),
                Batch(n, shape.observation.size()),
                std::vector<SolveStatus>(static_cast<std::size_t>(n))};
  {
    const auto c = result.c.write();
    const auto m = result.m.write();
    for (std::int64_t row = 0; row < n; ++row)
      model->sample(first_seed + static_cast<std::uint64_t>(row), c.row(row), m.row(row));
  }
  model->solve(result.c, result.m, result.y, result.status);
  return result;
}

inline double relative_error(std::span<const double> value, std::span<const double> exact) {
  double error = 0.0, size = 0.0;
  for (std::size_t k = 0; k < exact.size(); ++k) {
    error += std::pow(value[k] - exact[k], 2);
    size += exact[k] * exact[k];
  }
  return std::sqrt(error / size);
}

}  // namespace jpo
