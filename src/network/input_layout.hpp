#pragma once
// The layout of y and c in the network's input: channels stacked on a grid, and appended values.

#include <cstdint>
#include <vector>

#include "core/parameter_space.hpp"
#include "network/network.hpp"

namespace jpo {

/// Target of a component: its offset in the stacked or the appended values, and its group.
struct InputTarget {
  bool is_stacked;
  std::int64_t offset;
  std::int64_t group;
};

/// The channels of y are stacked, and those of c if its grid is the same. Otherwise c is appended
/// to the input of the head. If `stacks` is false (mlp), y and c are both appended.
class InputLayout {
 public:
  InputLayout(const NetworkShape& shape, bool stacks);

  /// Number of stacked channels; 0: none.
  std::int64_t n_channel() const { return n_channel_; }
  std::int64_t n_grid() const { return n_grid_; }
  std::int64_t n_appended() const { return n_appended_; }

  /// Group of each component of y, then of c. The components of a group are normalized with one
  /// mean and deviation. A stacked channel is a group; so is each appended component.
  const std::vector<std::int64_t>& groups() const { return groups_; }
  std::int64_t n_group() const { return n_group_; }

  /// Target of each component of y, then of c.
  const std::vector<InputTarget>& targets() const { return targets_; }

 private:
  void add(const FieldLayout& layout, bool stacks);

  std::int64_t n_channel_ = 0;
  std::int64_t n_grid_ = 0;
  std::int64_t n_appended_ = 0;
  std::int64_t n_group_ = 0;
  std::vector<std::int64_t> groups_;
  std::vector<InputTarget> targets_;
};

}  // namespace jpo
