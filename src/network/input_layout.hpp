#pragma once
// How y and c become the network's input: stacked channels on a grid, and appended plain values.

#include <cstdint>
#include <vector>

#include "core/parameter_space.hpp"
#include "network/network.hpp"

namespace jpo {

/// Where a component goes: its offset in the stacked or the appended values, and its group.
struct InputTarget {
  bool is_stacked;
  std::int64_t offset;
  std::int64_t group;
};

/// y's channels, and c's where its grid is the same, are stacked; what cannot be stacked, and
/// everything in an mlp, is appended to the input of the head.
class InputLayout {
 public:
  InputLayout(const NetworkShape& shape, bool stacks);

  /// Stacked; 0: none.
  std::int64_t n_channel() const { return n_channel_; }
  std::int64_t n_grid() const { return n_grid_; }
  std::int64_t n_appended() const { return n_appended_; }

  /// Group of each component of y and then c: a stacked channel is one group, every appended
  /// component is one of its own. Stacked groups come first.
  const std::vector<std::int64_t>& groups() const { return groups_; }
  std::int64_t n_group() const { return n_group_; }

  /// Where each component of y and then c goes.
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
