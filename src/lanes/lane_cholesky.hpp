#pragma once
// L L^T factors of one sparse, symmetric, positive definite matrix per problem. All matrices have
// the same pattern: the order, panels and updates depend only on the pattern and are computed once.
// The factors of a block of problems are interleaved, [entry][lane].
//
// Left-looking by panels (Ng, Peyton 1993, doi 10.1137/0914063). A panel is filled with the
// matrix's entries. Products of earlier panels that have rows in its columns are subtracted; then
// the panel is factored and not changed again. Products are summed in tiles of registers.

#include <cstdint>
#include <vector>

#include <petscmat.h>

#include "lanes/lane_tiles.hpp"
#include "lanes/lanes.hpp"

namespace jpo {

class LaneCholesky;

/// P A P^T = L L^T, without pivoting. Has only numbers and pointers, for kernels.
class LaneCholeskySweeps {
 public:
  JPO_KERNEL std::int64_t size() const { return n_; }
  /// Number of doubles in the factor of one block.
  JPO_KERNEL std::int64_t factor_size() const { return n_value_ * n_lane; }

  /// Factors A of one block and solves A x = b; x [row][lane] is b on entry. matrix(row, column)
  /// returns an entry of A as Lanes. It is called once for each entry of the pattern, on one side
  /// of the diagonal. check [lane] is set to 0, or to NaN if a pivot is not positive and finite;
  /// factor and x of this lane are then undefined.
  template <class Matrix>
  JPO_KERNEL void factor_and_solve(Matrix&& matrix, double* factor, double* x,
                                   double* check) const {
    clear_lanes(check, n_lane);
    for (std::int64_t p = 0; p < n_panel_; ++p) {
      const Panel& panel = panels_[p];
      assemble(panel, matrix, factor);
      for (std::int64_t u = 0; u < panel.n_update; ++u)
        subtract_product(updates_[panel.first_update + u], panel, factor);
      eliminate(panel, factor, check);
      sweep_down(panel, factor, x);  // while it is in the cache
    }
    for (std::int64_t p = n_panel_ - 1; p >= 0; --p) sweep_up(panels_[p], factor, x);
  }

  /// x = A^-1 x for one block. A is symmetric, so this is also A^-T x.
  JPO_KERNEL void solve(const double* factor, double* x) const {
    for (std::int64_t p = 0; p < n_panel_; ++p) sweep_down(panels_[p], factor, x);
    for (std::int64_t p = n_panel_ - 1; p >= 0; --p) sweep_up(panels_[p], factor, x);
  }

 private:
  friend class LaneCholesky;

  /// Neighbouring columns of L with the same rows: values [row][column]. The first rows are those
  /// of its own columns. Their upper triangle is not used, and their diagonal stores inverses.
  struct Panel {
    /// Offset in the factor, in Lanes.
    std::int64_t first_value;
    /// Offset in rows_.
    std::int64_t first_row;
    /// Offset in entries_.
    std::int64_t first_entry;
    /// Offset in updates_.
    std::int64_t first_update;
    std::int32_t width;
    std::int32_t n_row;
    std::int32_t n_entry;
    std::int32_t n_update;
  };
  /// An entry of A, and its offset from the first value of the panel, in Lanes.
  struct Entry {
    std::int64_t row, column, offset;
  };
  /// The rows of an earlier panel that update a later one: all from the first row that is a column
  /// of the later panel.
  struct Update {
    /// Offset in the factor, in Lanes.
    std::int64_t first_value;
    /// Offset in positions_.
    std::int64_t first_position;
    /// Number of columns of the earlier panel.
    std::int32_t width;
    /// Number of rows that are columns of the later panel.
    std::int32_t n_column;
    /// Number of all rows.
    std::int32_t n_row;
  };

  static constexpr int kTileRows = 2;
  static constexpr int kTileColumns = 4;

  template <class Matrix>
  JPO_KERNEL void assemble(const Panel& panel, Matrix&& matrix, double* factor) const {
    double* values = factor + panel.first_value * n_lane;
    clear_lanes(values, std::int64_t{panel.n_row} * panel.width * n_lane);
    const Entry* entries = entries_ + panel.first_entry;
    for (std::int32_t e = 0; e < panel.n_entry; ++e)
      store(values + entries[e].offset * n_lane, matrix(entries[e].row, entries[e].column));
  }
  JPO_KERNEL inline void subtract_product(const Update& update, const Panel& panel,
                                          double* factor) const;
  JPO_KERNEL inline void eliminate(const Panel& panel, double* factor, double* check) const;
  template <int n_column>
  JPO_KERNEL static void eliminate_triangle(double* rows, std::int64_t stride, std::int64_t column,
                                            double* check);
  template <int n_row, int n_column>
  JPO_KERNEL static void eliminate_rows(const double* triangle_rows, std::int64_t stride,
                                        std::int64_t column, double* rows);
  JPO_KERNEL inline void sweep_down(const Panel& panel, const double* factor, double* x) const;
  JPO_KERNEL inline void sweep_up(const Panel& panel, const double* factor, double* x) const;

  std::int64_t n_;
  std::int64_t n_value_;
  std::int64_t n_panel_;
  const Panel* panels_;
  /// Offsets in x of a panel's rows.
  const std::int64_t* rows_;
  const Entry* entries_;
  const Update* updates_;
  /// Positions of an update's rows among the rows of the later panel.
  const std::int32_t* positions_;
};

/// The analysis of a pattern, in one memory space.
class LaneCholesky {
 public:
  /// `pattern`: sequential AIJ, square, with a symmetric pattern; its values are not used.
  explicit LaneCholesky(Mat pattern, MemorySpace space = MemorySpace::host);

  /// Returns pointers into this object, valid while it exists.
  LaneCholeskySweeps sweeps() const;
  /// Number of values in the factor of one problem: the entries of L and the unused ones above the
  /// diagonals of panels.
  std::int64_t n_value() const { return n_value_; }

 private:
  using Panel = LaneCholeskySweeps::Panel;
  using Entry = LaneCholeskySweeps::Entry;
  using Update = LaneCholeskySweeps::Update;
  class Builder;
  LaneCholesky(const Builder& builder, MemorySpace space);

  std::int64_t n_;
  std::int64_t n_value_;
  // Same meaning as the members of LaneCholeskySweeps.
  KernelArray<Panel> panels_;
  KernelArray<std::int64_t> rows_;
  KernelArray<Entry> entries_;
  KernelArray<Update> updates_;
  KernelArray<std::int32_t> positions_;
};

// The columns of the product are the first rows of the update. Values above the diagonal of the
// later panel are also changed, but never used.
JPO_KERNEL inline void LaneCholeskySweeps::subtract_product(const Update& update,
                                                            const Panel& panel,
                                                            double* factor) const {
  const double* from = factor + update.first_value * n_lane;
  double* to = factor + panel.first_value * n_lane;
  const std::int32_t* position = positions_ + update.first_position;
  const std::int64_t stride = update.width * n_lane;
  const std::int64_t to_stride = panel.width * n_lane;
  in_pieces<kTileColumns>(0, update.n_column, [&](std::int64_t column, auto n_column) {
    in_pieces<kTileRows>(column, update.n_row, [&](std::int64_t row, auto n_row) {
      // Computed once for all parts, because the compiler must assume that stores change positions.
      double* at_row[n_row()];
      std::int64_t at_column[n_column()];
      unrolled<n_row>([&](auto r) { at_row[r] = to + position[row + r] * to_stride; });
      unrolled<n_column>([&](auto c) { at_column[c] = position[column + c] * n_lane; });
      for_each_part([&](std::int64_t lane) {
        Tile<n_row, n_column> tile;
        tile.for_each(
            [&](auto r, auto c) { tile.sum[r][c] = load_part(at_row[r] + at_column[c] + lane); });
        tile.subtract(from + row * stride + lane, stride, from + column * stride + lane, stride,
                      update.width);
        tile.for_each(
            [&](auto r, auto c) { store_part(at_row[r] + at_column[c] + lane, tile.sum[r][c]); });
      });
    });
  });
}

// Processes a few columns at a time: the rows of their triangle one by one, then all rows below it.
JPO_KERNEL inline void LaneCholeskySweeps::eliminate(const Panel& panel, double* factor,
                                                     double* check) const {
  double* values = factor + panel.first_value * n_lane;
  const std::int64_t stride = panel.width * n_lane;
  in_pieces<kTileColumns>(0, panel.width, [&](std::int64_t column, auto n_column) {
    double* triangle_rows = values + column * stride;
    eliminate_triangle<n_column>(triangle_rows, stride, column, check);
    in_pieces<kTileRows>(column + n_column, panel.n_row, [&](std::int64_t row, auto n_row) {
      eliminate_rows<n_row, n_column>(triangle_rows, stride, column, values + row * stride);
    });
  });
}

template <int n_column>
JPO_KERNEL void LaneCholeskySweeps::eliminate_triangle(double* rows, std::int64_t stride,
                                                       std::int64_t column, double* check) {
  unrolled<n_column>([&](auto q) {
    double* row = rows + q * stride;
    if constexpr (q > 0) eliminate_rows<1, q>(rows, stride, column, row);
    double* diagonal = row + (column + q) * n_lane;
    for_each_part([&](std::int64_t lane) {
      LanePart pivot = load_part(diagonal + lane);
      for (const double* at = row; at != diagonal; at += n_lane) {
        const LanePart entry = load_part(at + lane);
        pivot = pivot - entry * entry;
      }
      const LanePart inverse = 1.0 / square_root(pivot);
      store_part(diagonal + lane, inverse);
      // 0 times the root: NaN if the pivot is negative, 0, infinite or NaN.
      store_part(check + lane, load_part(check + lane) + 0.0 * (pivot * inverse));
    });
  });
}

// The columns of the panel before `column` are already final in these rows and in the triangle.
template <int n_row, int n_column>
JPO_KERNEL void LaneCholeskySweeps::eliminate_rows(const double* triangle_rows, std::int64_t stride,
                                                   std::int64_t column, double* rows) {
  for_each_part([&](std::int64_t lane) {
    double* const own = rows + column * n_lane + lane;
    Tile<n_row, n_column> tile;
    tile.for_each(
        [&](auto r, auto c) { tile.sum[r][c] = load_part(own + r * stride + c * n_lane); });
    tile.subtract(rows + lane, stride, triangle_rows + lane, stride, column);
    tile.solve(triangle_rows + column * n_lane + lane, stride);
    tile.for_each(
        [&](auto r, auto c) { store_part(own + r * stride + c * n_lane, tile.sum[r][c]); });
  });
}

// x = L^-1 x: sums over the columns of the panel, row by row.
JPO_KERNEL inline void LaneCholeskySweeps::sweep_down(const Panel& panel, const double* factor,
                                                      double* x) const {
  const double* value = factor + panel.first_value * n_lane;
  const std::int64_t* row = rows_ + panel.first_row;
  for (std::int32_t r = 0; r < panel.n_row; ++r, value += panel.width * n_lane) {
    const bool is_own = r < panel.width;
    const std::int32_t n_known = is_own ? r : panel.width;
    Lanes sum = load(x + row[r]);
    for (std::int32_t k = 0; k < n_known; ++k)
      assign(sum, sum - load(value + k * n_lane) * load(x + row[k]));
    if (is_own) assign(sum, sum * load(value + r * n_lane));
    store(x + row[r], sum);
  }
}

// x = L^-T x: sums over the rows below the diagonal, column by column.
JPO_KERNEL inline void LaneCholeskySweeps::sweep_up(const Panel& panel, const double* factor,
                                                    double* x) const {
  const double* values = factor + panel.first_value * n_lane;
  const std::int64_t stride = panel.width * n_lane;
  const std::int64_t* row = rows_ + panel.first_row;
  for (std::int64_t k = panel.width - 1; k >= 0; --k) {
    const double* column = values + k * n_lane;
    Lanes sum = load(x + row[k]);
    for (std::int64_t r = k + 1; r < panel.n_row; ++r)
      assign(sum, sum - load(column + r * stride) * load(x + row[r]));
    store(x + row[k], sum * load(column + k * stride));
  }
}

}  // namespace jpo
