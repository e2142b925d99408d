#pragma once
// What both a model and a network must know of the unknowns and of the data: plain descriptions.

#include <cstdint>
#include <string>
#include <vector>

namespace jpo {

/// The unknowns of one problem, component by component [n_parameter].
struct ParameterSpace {
  std::vector<std::string> names;
  std::vector<std::string> units;
  /// -infinity: unbounded.
  std::vector<double> lower;
  /// +infinity: unbounded.
  std::vector<double> upper;
  /// Where every method starts: the middle of the box, or the prior mean.
  std::vector<double> centre;
  /// Half the box, or the prior deviation: the natural unit of change.
  std::vector<double> scale;

  std::int64_t size() const { return static_cast<std::int64_t>(centre.size()); }
};

/// How the components of y or c are laid out: channel by channel, each on a 1-D grid
/// (component = channel * n_grid + point). n_channel = 0: there is none.
struct FieldLayout {
  std::int64_t n_channel = 0;
  std::int64_t n_grid = 0;
  bool periodic = false;
  std::string unit;
  std::string description;

  std::int64_t size() const { return n_channel * n_grid; }
};

}  // namespace jpo
