#pragma once
// Operations on the gradients of problems before they are propagated back through the network.
// They run in the memory space of the gradients.

#include <cstdint>
#include <span>

#include "core/device/batch.hpp"
#include "core/device/space_array.hpp"
#include "core/parameter_space.hpp"

namespace jpo {

/// Rows of g [problem, n_parameter] are dL/dm. Not collective.
class ProblemGradients {
 public:
  /// `space`: memory space of all g.
  ProblemGradients(const ParameterSpace& parameters, MemorySpace space);

  /// Shortens each row with a norm |g scale| above `longest` to that norm. Returns the number of
  /// shortened rows.
  std::int64_t clip(double longest, Batch& g);
  /// Returns the largest |g_jk scale_k|.
  double largest(const Batch& g);
  /// Multiplies all values by `factor`.
  void multiply(double factor, Batch& g) const;
  /// Multiplies row j by factors[j], for j < factors.size().
  void multiply_rows(std::span<const double> factors, Batch& g);

 private:
  MemorySpace space_;
  KernelArray<double> scale_;
  SpaceArray<std::int64_t> count_;
  SpaceArray<double> largest_;
  GrowingArray<double> factors_;
};

}  // namespace jpo
