#include "lanes/lane_cholesky.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "lanes/symbolic_cholesky.hpp"

namespace jpo {
namespace {

// Largest number of columns of a panel: rows of two tiles of this length fit into the L1 cache.
constexpr std::int64_t kWidest = 16;

}  // namespace

// Computes the arrays of LaneCholeskySweeps.
class LaneCholesky::Builder {
 public:
  explicit Builder(Mat pattern) {
    order_ = elimination_order(pattern, MATORDERINGND);
    SparseEntries lower = permuted_lower(pattern, order_);
    std::vector<std::int64_t> order;
    for (const std::int32_t k : postorder(elimination_tree(lower).parent))
      order.push_back(order_[k]);
    order_ = std::move(order);
    lower = permuted_lower(pattern, order_);
    add_panels(supernodes(lower));
    add_entries(lower);
    add_updates();
  }

  std::vector<Panel> panels;
  std::vector<std::int64_t> rows;
  std::vector<Entry> entries;
  std::vector<Update> updates;
  std::vector<std::int32_t> positions;
  std::int64_t n_value = 0;
  std::int64_t n_row() const { return std::ssize(order_); }

 private:
  void add_panels(const std::vector<Supernode>& nodes);
  void add_panel(const Supernode& node, std::int64_t first, std::int64_t width);
  void add_entries(const SparseEntries& lower);
  void add_updates();
  /// Rows of a panel from `first` on.
  struct Rows {
    const Panel* panel;
    std::int32_t first;
  };
  void add_update(const Rows& from, const Panel& to);
  const std::int32_t* rows_of(const Panel& panel) const {
    return in_order_.data() + panel.first_row;
  }
  std::size_t panel_of(std::int32_t column) const { return panel_of_[column]; }

  std::vector<std::int64_t> order_;
  /// Rows of the panels, as positions in the order.
  std::vector<std::int32_t> in_order_;
  /// Panel of each column.
  std::vector<std::int32_t> panel_of_;
};

void LaneCholesky::Builder::add_panels(const std::vector<Supernode>& nodes) {
  panel_of_.resize(order_.size());
  for (const Supernode& node : nodes)
    for (std::int64_t q = 0; q < node.width; q += kWidest)
      add_panel(node, node.first + q, std::min(kWidest, node.width - q));
  rows.reserve(in_order_.size());
  for (const std::int32_t k : in_order_) rows.push_back(order_[k] * n_lane);
}

void LaneCholesky::Builder::add_panel(const Supernode& node, std::int64_t first,
                                      std::int64_t width) {
  Panel panel{};
  panel.first_value = n_value;
  panel.first_row = std::ssize(in_order_);
  panel.width = static_cast<std::int32_t>(width);
  for (std::int64_t j = first; j < node.first + node.width; ++j)
    in_order_.push_back(static_cast<std::int32_t>(j));
  in_order_.insert(in_order_.end(), node.rows.begin(), node.rows.end());
  panel.n_row = static_cast<std::int32_t>(std::ssize(in_order_) - panel.first_row);
  for (std::int64_t j = first; j < first + width; ++j)
    panel_of_[j] = static_cast<std::int32_t>(panels.size());
  n_value += panel.n_row * width;
  panels.push_back(panel);
}

void LaneCholesky::Builder::add_entries(const SparseEntries& lower) {
  std::vector<std::vector<Entry>> of_panel(panels.size());
  for (std::size_t k = 0; k < order_.size(); ++k) {
    for (std::int64_t e = lower.begin[k]; e < lower.begin[k + 1]; ++e) {
      const auto column = lower.index[e];
      const std::size_t p = panel_of(column);
      const std::int32_t* const first = rows_of(panels[p]);
      const std::int32_t* const found =
          std::lower_bound(first, first + panels[p].n_row, static_cast<std::int32_t>(k));
      of_panel[p].push_back(
          {order_[k], order_[column], (found - first) * panels[p].width + column - *first});
    }
  }
  for (std::size_t p = 0; p < panels.size(); ++p) {
    panels[p].first_entry = std::ssize(entries);
    panels[p].n_entry = static_cast<std::int32_t>(of_panel[p].size());
    entries.insert(entries.end(), of_panel[p].begin(), of_panel[p].end());
  }
}

void LaneCholesky::Builder::add_updates() {
  std::vector<std::vector<Rows>> of_panel(panels.size());
  for (const Panel& panel : panels) {
    std::size_t before = panels.size();
    for (std::int32_t r = panel.width; r < panel.n_row; ++r) {
      const auto later = panel_of(rows_of(panel)[r]);
      if (std::exchange(before, later) != later) of_panel[later].push_back({&panel, r});
    }
  }
  for (std::size_t p = 0; p < panels.size(); ++p) {
    panels[p].first_update = std::ssize(updates);
    panels[p].n_update = static_cast<std::int32_t>(of_panel[p].size());
    for (const Rows& from : of_panel[p]) add_update(from, panels[p]);
  }
}

void LaneCholesky::Builder::add_update(const Rows& from, const Panel& to) {
  Update update{};
  update.width = from.panel->width;
  update.n_row = from.panel->n_row - from.first;
  update.first_value = from.panel->first_value + std::int64_t{from.first} * from.panel->width;
  update.first_position = std::ssize(positions);
  const std::int32_t* const own = rows_of(to);
  const std::int32_t* at = own;
  for (std::int32_t r = from.first; r < from.panel->n_row; ++r) {
    while (*at != rows_of(*from.panel)[r]) ++at;
    positions.push_back(static_cast<std::int32_t>(at - own));
    if (positions.back() < to.width) ++update.n_column;
  }
  updates.push_back(update);
}

LaneCholesky::LaneCholesky(Mat pattern, MemorySpace space)
    : LaneCholesky(Builder(pattern), space) {}

LaneCholesky::LaneCholesky(const Builder& builder, MemorySpace space)
    : n_(builder.n_row()),
      n_value_(builder.n_value),
      panels_(space, builder.panels),
      rows_(space, builder.rows),
      entries_(space, builder.entries),
      updates_(space, builder.updates),
      positions_(space, builder.positions) {}

LaneCholeskySweeps LaneCholesky::sweeps() const {
  LaneCholeskySweeps sweeps{};
  sweeps.n_ = n_;
  sweeps.n_value_ = n_value_;
  sweeps.n_panel_ = panels_.size();
  sweeps.panels_ = panels_.data();
  sweeps.rows_ = rows_.data();
  sweeps.entries_ = entries_.data();
  sweeps.updates_ = updates_.data();
  sweeps.positions_ = positions_.data();
  return sweeps;
}

}  // namespace jpo
