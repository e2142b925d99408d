#pragma once
// Descriptions of the unknowns and of the data, used by models and by networks.

#include <cstdint>
#include <string>
#include <vector>

namespace jpo {

/// The unknowns of one problem. Each vector is [n_parameter].
struct ParameterSpace {
  std::vector<std::string> names;
  std::vector<std::string> units;
  /// -infinity if unbounded.
  std::vector<double> lower;
  /// +infinity if unbounded.
  std::vector<double> upper;
  /// Start of every method: the middle of the box, or the prior mean.
  std::vector<double> centre;
  /// Natural unit of change: half the width of the box, or the prior standard deviation.
  std::vector<double> scale;

  std::int64_t size() const { return static_cast<std::int64_t>(centre.size()); }
};

/// Layout of the components of y or c: channels on a 1-D grid, with component = channel * n_grid +
/// point. n_channel is 0 if there are no components.
struct FieldLayout {
  std::int64_t n_channel = 0;
  std::int64_t n_grid = 0;
  bool periodic = false;
  std::string unit;
  std::string description;

  std::int64_t size() const { return n_channel * n_grid; }
};

}  // namespace jpo
