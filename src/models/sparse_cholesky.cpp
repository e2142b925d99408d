#include "models/sparse_cholesky.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/checks.hpp"
#include "core/handle.hpp"

namespace jpo {
namespace {

using IndexSet = Handle<IS, ISDestroy>;

constexpr double kProductTolerance = 1e-12;
constexpr std::int32_t kNone = -1;

void check_symmetry(Mat matrix) {
  PetscInt n_row = 0, n_column = 0;
  PetscBool symmetric = PETSC_FALSE;
  PETSC(MatGetSize(matrix, &n_row, &n_column));
  if (n_row == n_column) PETSC(MatIsSymmetric(matrix, 0.0, &symmetric));
  if (symmetric == PETSC_FALSE)
    throw std::invalid_argument("SparseCholesky: the matrix is not symmetric");
}

}  // namespace

SparseCholesky::SparseCholesky(Mat matrix, MatOrderingType ordering) {
  check_symmetry(matrix);
  const Entries a = permuted_lower(matrix, ordering);
  factor(a);
  store_rows();
  check_product(a);
}

// Rows of the lower triangle of P A P^T, the diagonal last.
SparseCholesky::Entries SparseCholesky::permuted_lower(Mat matrix, MatOrderingType ordering) {
  PetscInt n = 0;
  PETSC(MatGetSize(matrix, &n, nullptr));
  n_ = n;
  IndexSet rows, columns;
  PETSC(MatGetOrdering(matrix, ordering, rows.put(), columns.put()));
  const PetscInt* order = nullptr;
  PETSC(ISGetIndices(rows.get(), &order));
  order_.assign(order, order + n);
  PETSC(ISRestoreIndices(rows.get(), &order));
  std::vector<std::int32_t> position(static_cast<std::size_t>(n));
  for (std::size_t k = 0; k < order_.size(); ++k)
    position[static_cast<std::size_t>(order_[k])] = static_cast<std::int32_t>(k);

  Entries a;
  a.begin.push_back(0);
  for (PetscInt k = 0; k < n; ++k) {
    PetscInt n_entry = 0;
    const PetscInt* column = nullptr;
    const PetscScalar* value = nullptr;
    const auto row = static_cast<PetscInt>(row_of(k));
    double diagonal = 0.0;
    PETSC(MatGetRow(matrix, row, &n_entry, &column, &value));
    for (PetscInt e = 0; e < n_entry; ++e) {
      const std::int32_t j = position[static_cast<std::size_t>(column[e])];
      if (j == k) diagonal = value[e];
      if (j >= k) continue;
      a.index.push_back(j);
      a.value.push_back(value[e]);
    }
    PETSC(MatRestoreRow(matrix, row, &n_entry, &column, &value));
    a.index.push_back(static_cast<std::int32_t>(k));
    a.value.push_back(diagonal);
    a.begin.push_back(static_cast<std::int64_t>(a.index.size()));
  }
  return a;
}

// Entries in each column of L, and the elimination tree: parent[j] is the first row below j with an
// entry in column j of L.
std::vector<std::int64_t> SparseCholesky::count_rows(const Entries& a,
                                                     std::vector<std::int32_t>& parent) const {
  const auto n = static_cast<std::size_t>(n_);
  parent.assign(n, kNone);
  std::vector<std::int64_t> count(n, 0);
  std::vector<std::int64_t> seen(n, -1);
  for (std::int64_t k = 0; k < n_; ++k) {
    seen[static_cast<std::size_t>(k)] = k;
    for (std::int64_t e = a.begin[k]; e < a.begin[k + 1]; ++e) {
      auto j = static_cast<std::size_t>(a.index[static_cast<std::size_t>(e)]);
      while (seen[j] != k) {
        if (parent[j] == kNone) parent[j] = static_cast<std::int32_t>(k);
        ++count[j];
        seen[j] = k;
        j = static_cast<std::size_t>(parent[j]);
      }
    }
  }
  return count;
}

// Up-looking (Davis 2005, doi 10.1145/1114268.1114277): row k of L solves a triangular system with
// the rows above it; its pattern is what the elimination tree reaches from row k of A.
void SparseCholesky::factor(const Entries& a) {
  std::vector<std::int32_t> parent;
  const std::vector<std::int64_t> count = count_rows(a, parent);
  const auto n = static_cast<std::size_t>(n_);
  by_column_.begin.assign(n + 1, 0);
  for (std::size_t j = 0; j < n; ++j) by_column_.begin[j + 1] = by_column_.begin[j] + count[j];
  by_column_.index.resize(static_cast<std::size_t>(by_column_.begin[n]));
  by_column_.value.resize(by_column_.index.size());
  std::vector<std::int64_t> filled(by_column_.begin.begin(), by_column_.begin.end() - 1);
  std::vector<std::int64_t> seen(n, -1);
  std::vector<double> y(n, 0.0);
  std::vector<std::size_t> path, pattern;  // pattern: columns of row k, in reverse order of need
  for (std::size_t k = 0; k < n; ++k) {
    const auto row = static_cast<std::int64_t>(k);
    pattern.clear();
    seen[k] = row;
    for (std::int64_t e = a.begin[k]; e < a.begin[k + 1]; ++e) {
      auto j = static_cast<std::size_t>(a.index[static_cast<std::size_t>(e)]);
      y[j] += a.value[static_cast<std::size_t>(e)];
      path.clear();
      for (; seen[j] != row; j = static_cast<std::size_t>(parent[j])) {
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
      for (std::int64_t e = by_column_.begin[j]; e < filled[j]; ++e)
        y[static_cast<std::size_t>(by_column_.index[static_cast<std::size_t>(e)])] -=
            by_column_.value[static_cast<std::size_t>(e)] * yj;
      const double l = yj * inverse_diagonal_[j];
      pivot -= l * yj;
      const auto e = static_cast<std::size_t>(filled[j]++);
      by_column_.index[e] = static_cast<std::int32_t>(k);
      by_column_.value[e] = l;
    }
    if (!(pivot > kProductTolerance * std::abs(a.value[a.begin[k + 1] - 1])))
      throw std::invalid_argument("SparseCholesky: the matrix is not positive definite");
    diagonal_.push_back(pivot);
    inverse_diagonal_.push_back(1.0 / pivot);
  }
}

void SparseCholesky::store_rows() {
  const auto n = static_cast<std::size_t>(n_);
  by_row_.begin.assign(n + 1, 0);
  for (const std::int32_t i : by_column_.index) ++by_row_.begin[static_cast<std::size_t>(i) + 1];
  for (std::size_t i = 0; i < n; ++i) by_row_.begin[i + 1] += by_row_.begin[i];
  by_row_.index.resize(by_column_.index.size());
  by_row_.value.resize(by_column_.index.size());
  std::vector<std::int64_t> filled(by_row_.begin.begin(), by_row_.begin.end() - 1);
  for (std::size_t j = 0; j < n; ++j) {
    for (std::int64_t e = by_column_.begin[j]; e < by_column_.begin[j + 1]; ++e) {
      const auto from = static_cast<std::size_t>(e);
      const auto to =
          static_cast<std::size_t>(filled[static_cast<std::size_t>(by_column_.index[from])]++);
      by_row_.index[to] = static_cast<std::int32_t>(j);
      by_row_.value[to] = by_column_.value[from];
    }
  }
}

// Column j of L D L^T is the sum of D(k) L(j, k) times column k of L, over the entries of row j.
void SparseCholesky::check_product(const Entries& a) const {
  const auto n = static_cast<std::size_t>(n_);
  double largest = 0.0;
  for (const double value : a.value) largest = std::max(largest, std::abs(value));
  // Rows of A are wanted by columns: the upper triangle, which is the lower one transposed.
  std::vector<std::vector<std::pair<std::int32_t, double>>> columns(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::int64_t e = a.begin[i]; e < a.begin[i + 1]; ++e)
      columns[static_cast<std::size_t>(a.index[static_cast<std::size_t>(e)])].emplace_back(
          static_cast<std::int32_t>(i), a.value[static_cast<std::size_t>(e)]);
  std::vector<double> product(n, 0.0);
  const auto add_column = [&](std::size_t k, double factor, std::size_t from) {
    if (k >= from) product[k] += factor;
    for (std::int64_t e = by_column_.begin[k]; e < by_column_.begin[k + 1]; ++e) {
      const auto i = static_cast<std::size_t>(by_column_.index[static_cast<std::size_t>(e)]);
      if (i >= from) product[i] += factor * by_column_.value[static_cast<std::size_t>(e)];
    }
  };
  for (std::size_t j = 0; j < n; ++j) {
    add_column(j, diagonal_[j], j);
    for (std::int64_t e = by_row_.begin[j]; e < by_row_.begin[j + 1]; ++e) {
      const auto k = static_cast<std::size_t>(by_row_.index[static_cast<std::size_t>(e)]);
      add_column(k, diagonal_[k] * by_row_.value[static_cast<std::size_t>(e)], j);
    }
    for (const auto& [i, value] : columns[j]) product[static_cast<std::size_t>(i)] -= value;
    for (std::size_t i = j; i < n; ++i) {
      if (!(std::abs(product[i]) <= kProductTolerance * largest))
        throw std::invalid_argument("SparseCholesky: the factors miss the matrix");
      product[i] = 0.0;
    }
  }
}

std::int64_t SparseCholesky::n_byte() const {
  return 2 * n_nonzero() * static_cast<std::int64_t>(sizeof(double) + sizeof(std::int32_t)) +
         n_ * static_cast<std::int64_t>(sizeof(double) + 2 * sizeof(std::int64_t));
}

}  // namespace jpo
