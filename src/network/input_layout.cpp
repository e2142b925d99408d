#include "network/input_layout.hpp"

namespace jpo {

InputLayout::InputLayout(const NetworkShape& shape, bool stacks)
    : n_grid_(stacks ? shape.observation.n_grid : 0) {
  add(shape.observation, stacks);
  add(shape.context, stacks && shape.context.n_grid == n_grid_);
}

void InputLayout::add(const FieldLayout& layout, bool stacks) {
  const std::int64_t first = stacks ? n_channel_ * n_grid_ : n_appended_;
  for (std::int64_t k = 0; k < layout.size(); ++k) {
    groups_.push_back(n_group_ + (stacks ? k / n_grid_ : k));
    targets_.push_back({stacks, first + k, groups_.back()});
  }
  if (stacks)
    n_channel_ += layout.n_channel;
  else
    n_appended_ += layout.size();
  n_group_ += stacks ? layout.n_channel : layout.size();
}

}  // namespace jpo
