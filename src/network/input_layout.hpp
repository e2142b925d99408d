#pragma once
// How y and c become the network's input: stacked channels on a grid, and appended plain values.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/parameter_space.hpp"
#include "network/network.hpp"

namespace jpo {

/// y's channels, and c's where its grid is the same, are stacked; what cannot be stacked, and
/// everything in an mlp, is appended to the input of the head.
class InputLayout {
 public:
  InputLayout(const NetworkShape& shape, bool stacks);

  std::int64_t n_channel() const { return n_channel_; }  ///< stacked; 0: none
  std::int64_t n_grid() const { return n_grid_; }
  std::int64_t n_appended() const { return n_appended_; }

  /// Group of each component of y and then c: a stacked channel is one group, every appended
  /// component is one of its own. Stacked groups come first.
  const std::vector<std::int64_t>& groups() const { return groups_; }
  std::int64_t n_group() const { return n_group_; }

  /// Normalizes one problem: (value - mean) / deviation into `stacked` [n_channel, n_grid] and
  /// `appended` [n_appended].
  template <class Scalar>
  void write(std::span<const double> y, std::span<const double> c, const Normalization& norm,
             Scalar* stacked, Scalar* appended) const {
    write_part(y, observation_, 0, norm, stacked, appended);
    write_part(c, context_, y.size(), norm, stacked, appended);
  }

 private:
  struct Part {
    bool is_stacked = false;
    std::int64_t first = 0;  ///< of its values in stacked or appended
  };
  Part add(const FieldLayout& layout, bool stacks);

  template <class Scalar>
  void write_part(std::span<const double> values, const Part& part, std::size_t first_component,
                  const Normalization& norm, Scalar* stacked, Scalar* appended) const {
    Scalar* to = (part.is_stacked ? stacked : appended) + part.first;
    for (std::size_t k = 0; k < values.size(); ++k) {
      const auto group = static_cast<std::size_t>(groups_[first_component + k]);
      to[k] = static_cast<Scalar>((values[k] - norm.mean[group]) / norm.deviation[group]);
    }
  }

  std::int64_t n_channel_ = 0;
  std::int64_t n_grid_ = 0;
  std::int64_t n_appended_ = 0;
  std::int64_t n_group_ = 0;
  std::vector<std::int64_t> groups_;
  Part observation_;
  Part context_;
};

}  // namespace jpo
