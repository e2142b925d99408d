#include "lanes/sparse_cholesky.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "core/checks.hpp"

namespace jpo {
namespace {

constexpr double kProductTolerance = 1e-12;

void check_symmetry(Mat matrix) {
  PetscInt n_row = 0, n_column = 0;
  PetscBool symmetric = PETSC_FALSE;
  PETSC(MatGetSize(matrix, &n_row, &n_column));
  if (n_row == n_column) PETSC(MatIsSymmetric(matrix, 0.0, &symmetric));
  if (symmetric == PETSC_FALSE)
    throw std::invalid_argument("SparseCholesky: the matrix is not symmetric");
}

}  // namespace

SparseCholesky::SparseCholesky(Mat matrix, MatOrderingType ordering, MemorySpace space)
    : panels_(space), rows_(space), values_(space), inverse_diagonal_(space) {
  check_symmetry(matrix);
  order_ = elimination_order(matrix, ordering);
  n_ = std::ssize(order_);
  const SparseEntries a = permuted_lower(matrix, order_);
  const Factor l = factor(a);
  check_product(a, l);
  store_panels(l, space);
}

// Up-looking (Davis 2005, doi 10.1145/1114268.1114277): row k of L solves a triangular system with
// the rows above it. Its pattern is the set of nodes on the paths of the elimination tree that
// start at the entries of row k of A.
SparseCholesky::Factor SparseCholesky::factor(const SparseEntries& a) const {
  const auto [parent, count] = elimination_tree(a);
  const std::size_t n = n_;
  Factor result;
  SparseEntries& l = result.columns;
  l.begin.assign(n + 1, 0);
  for (std::size_t j = 0; j < n; ++j) l.begin[j + 1] = l.begin[j] + count[j];
  l.index.resize(l.begin[n]);
  l.value.resize(l.index.size());
  std::vector<std::int64_t> filled(l.begin.begin(), l.begin.end() - 1);
  std::vector<std::int64_t> seen(n, -1);
  std::vector<double> y(n, 0.0);
  std::vector<std::size_t> path, pattern;  // pattern: columns of row k, in reverse order of use
  for (std::size_t k = 0; k < n; ++k) {
    const auto row = static_cast<std::int64_t>(k);
    pattern.clear();
    seen[k] = row;
    for (std::int64_t e = a.begin[k]; e < a.begin[k + 1]; ++e) {
      std::size_t j = a.index[e];
      y[j] += a.value[e];
      path.clear();
      for (; seen[j] != row; j = parent[j]) {
        path.push_back(j);
        seen[j] = row;
      }
      pattern.insert(pattern.end(), path.rbegin(), path.rend());
    }
    double pivot = y[k];
    y[k] = 0.0;
    for (auto at = pattern.rbegin(); at != pattern.rend(); ++at) {
      const std::size_t j = *at;
      const double yj = y[j];
      y[j] = 0.0;
      for (std::int64_t e = l.begin[j]; e < filled[j]; ++e) y[l.index[e]] -= l.value[e] * yj;
      const double entry = yj / result.diagonal[j];
      pivot -= entry * yj;
      const std::int64_t e = filled[j]++;
      l.index[e] = static_cast<std::int32_t>(k);
      l.value[e] = entry;
    }
    if (!(pivot > kProductTolerance * std::abs(a.value[a.begin[k + 1] - 1])))
      throw std::invalid_argument("SparseCholesky: the matrix is not positive definite");
    result.diagonal.push_back(pivot);
  }
  return result;
}

// Column j of L D L^T is the sum of D(k) L(j, k) times column k of L, over the entries of row j.
void SparseCholesky::check_product(const SparseEntries& a, const Factor& l) const {
  const std::size_t n = n_;
  double largest = 0.0;
  for (const double value : a.value) largest = std::max(largest, std::abs(value));
  using Row = std::vector<std::pair<std::size_t, double>>;
  std::vector<Row> rows_of_l(n), columns_of_a(n);
  for (std::size_t j = 0; j < n; ++j)
    for (std::int64_t e = l.columns.begin[j]; e < l.columns.begin[j + 1]; ++e)
      rows_of_l[l.columns.index[e]].emplace_back(j, l.columns.value[e]);
  for (std::size_t i = 0; i < n; ++i)
    for (std::int64_t e = a.begin[i]; e < a.begin[i + 1]; ++e)
      columns_of_a[a.index[e]].emplace_back(i, a.value[e]);
  std::vector<double> product(n, 0.0);
  const auto add_column = [&](std::size_t k, double factor, std::size_t from) {
    if (k >= from) product[k] += factor;
    for (std::int64_t e = l.columns.begin[k]; e < l.columns.begin[k + 1]; ++e) {
      const std::size_t i = l.columns.index[e];
      if (i >= from) product[i] += factor * l.columns.value[e];
    }
  };
  for (std::size_t j = 0; j < n; ++j) {
    add_column(j, l.diagonal[j], j);
    for (const auto& [k, value] : rows_of_l[j]) add_column(k, l.diagonal[k] * value, j);
    for (const auto& [i, value] : columns_of_a[j]) product[i] -= value;
    for (std::size_t i = j; i < n; ++i) {
      if (!(std::abs(product[i]) <= kProductTolerance * largest))
        throw std::invalid_argument("SparseCholesky: L D L^T differs from the matrix");
      product[i] = 0.0;
    }
  }
}

void SparseCholesky::store_panels(const Factor& l, MemorySpace space) {
  n_nonzero_ = std::ssize(l.columns.value);
  std::vector<Panel> panels;
  std::vector<std::int64_t> rows;  // offsets in x
  std::vector<double> values, inverse_diagonal;
  for (const double pivot : l.diagonal) inverse_diagonal.push_back(1.0 / pivot);
  const auto begin = [&](std::int64_t j) { return l.columns.begin[j]; };
  const auto count = [&](std::int64_t j) { return begin(j + 1) - begin(j); };
  // True if the next column has the same pattern: its diagonal is the first entry of this column,
  // and the other entries agree.
  const auto continues = [&](std::int64_t j) {
    return j + 1 < n_ && count(j) == count(j + 1) + 1 && l.columns.index[begin(j)] == j + 1;
  };
  for (std::int64_t first = 0; first < n_;) {
    std::int32_t width = 1;
    while (width < SparseCholeskySweeps::kWidest && continues(first + width - 1)) ++width;
    const std::int64_t last = first + width - 1;
    panels.push_back({first, width, static_cast<std::int32_t>(count(last)), std::ssize(rows),
                      std::ssize(values)});
    // Column q has width - 1 - q entries inside the panel, followed by the common ones.
    for (std::int32_t row = 1; row < width; ++row)
      for (std::int32_t q = 0; q < row; ++q)
        values.push_back(l.columns.value[begin(first + q) + (row - 1 - q)]);
    for (std::int64_t r = 0; r < count(last); ++r) {
      rows.push_back(l.columns.index[begin(last) + r] * n_lane);
      for (std::int32_t q = 0; q < width; ++q)
        values.push_back(l.columns.value[begin(first + q) + (width - 1 - q) + r]);
    }
    first += width;
  }
  panels_ = KernelArray(space, panels);
  rows_ = KernelArray(space, rows);
  values_ = KernelArray(space, values);
  inverse_diagonal_ = KernelArray(space, inverse_diagonal);
}

SparseCholeskySweeps SparseCholesky::sweeps() const {
  SparseCholeskySweeps sweeps{};
  sweeps.n_ = n_;
  sweeps.n_panel_ = panels_.size();
  sweeps.panels_ = panels_.data();
  sweeps.rows_ = rows_.data();
  sweeps.values_ = values_.data();
  sweeps.inverse_diagonal_ = inverse_diagonal_.data();
  return sweeps;
}

std::int64_t SparseCholesky::n_byte() const {
  return panels_.n_byte() + rows_.n_byte() + values_.n_byte() + inverse_diagonal_.n_byte();
}

}  // namespace jpo
