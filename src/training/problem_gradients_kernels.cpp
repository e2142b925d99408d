#include <cmath>

#include "core/device/kernel_launch.hpp"
#include "training/problem_gradients.hpp"

namespace jpo {
namespace {

struct ClipRow {
  BatchRows<double> g;
  const double* scale;
  double longest;
  JPO_KERNEL std::int64_t operator()(std::int64_t k) const {
    const auto row = g.row(k);
    double square = 0.0;
    for (std::size_t j = 0; j < row.size(); ++j) square += row[j] * scale[j] * (row[j] * scale[j]);
    const double norm = std::sqrt(square);
    if (norm <= longest) return 0;
    for (std::size_t j = 0; j < row.size(); ++j) row[j] *= longest / norm;
    return 1;
  }
};

struct LargestOfRow {
  BatchRows<const double> g;
  const double* scale;
  JPO_KERNEL double operator()(std::int64_t k) const {
    const auto row = g.row(k);
    double largest = 0.0;
    for (std::size_t j = 0; j < row.size(); ++j) {
      const double size = std::abs(row[j]) * scale[j];
      if (size > largest) largest = size;
    }
    return largest;
  }
};

struct MultiplyRow {
  BatchRows<double> g;
  const double* factors;
  double factor;
  JPO_KERNEL void operator()(std::int64_t k, std::int64_t column) const {
    g.data()[k * g.n_component() + column] *= factors != nullptr ? factors[k] : factor;
  }
};

}  // namespace

ProblemGradients::ProblemGradients(const ParameterSpace& parameters, MemorySpace space)
    : space_(space),
      scale_(space, parameters.scale),
      count_(space, 1),
      largest_(space, 1),
      factors_(space) {}

std::int64_t ProblemGradients::clip(double longest, Batch& g) {
  count_.clear();
  {
    const auto rows = g.write(space_);
    sum_over_indices(space_, g.n_problem(), ClipRow{rows, scale_.data(), longest}, count_.data());
  }
  return count_.read().front();
}

double ProblemGradients::largest(const Batch& g) {
  largest_.clear();
  {
    const auto rows = g.read(space_);
    raise_over_indices(space_, g.n_problem(), LargestOfRow{rows, scale_.data()}, largest_.data());
  }
  return largest_.read().front();
}

void ProblemGradients::multiply(double factor, Batch& g) const {
  const auto rows = g.write(space_);
  for_each_pair(space_, g.n_problem(), g.n_component(), MultiplyRow{rows, nullptr, factor});
}

void ProblemGradients::multiply_rows(std::span<const double> factors, Batch& g) {
  const std::int64_t n = std::ssize(factors);
  factors_.reserve(n);
  copy_values(space_, factors_.data(), MemorySpace::host, factors.data(), n);
  const auto rows = g.write(space_);
  for_each_pair(space_, n, g.n_component(), MultiplyRow{rows, factors_.data(), 1.0});
}

}  // namespace jpo
