#pragma once
// What the joint loss does to the gradients of its problems before they become the network's, where
// the gradients live.

#include <cstdint>
#include <span>

#include "core/device/batch.hpp"
#include "core/device/space_array.hpp"
#include "core/parameter_space.hpp"

namespace jpo {

/// g [problem, n_parameter]: rows are dL/dm.
class ProblemGradients {
 public:
  /// `space`: where all g live.
  ProblemGradients(const ParameterSpace& parameters, MemorySpace space);

  /// Rows with |g scale| above `longest` are shortened to it. How many were.
  std::int64_t clip(double longest, Batch& g);
  /// The largest |g_jk scale_k|.
  double largest(const Batch& g);
  /// All values times `factor`.
  void multiply(double factor, Batch& g) const;
  /// Row j times factors[j], for as many rows as there are factors.
  void multiply_rows(std::span<const double> factors, Batch& g);

 private:
  MemorySpace space_;
  KernelArray<double> scale_;
  SpaceArray<std::int64_t> count_;
  SpaceArray<double> largest_;
  GrowingArray<double> factors_;
};

}  // namespace jpo
