#include "lanes/symbolic_cholesky.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "core/checks.hpp"
#include "core/petsc_handles.hpp"

namespace jpo {
namespace {

constexpr std::int32_t kNone = -1;

// Returns the columns of the pattern, without the diagonal.
SparseEntries columns_below(const SparseEntries& lower) {
  const std::size_t n = lower.begin.size() - 1;
  SparseEntries columns;
  columns.begin.assign(n + 1, 0);
  const auto for_each_entry = [&](auto&& body) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::int64_t e = lower.begin[i]; e < lower.begin[i + 1] - 1; ++e)
        body(i, lower.index[e]);
  };
  for_each_entry([&](std::size_t, std::size_t j) { ++columns.begin[j + 1]; });
  std::partial_sum(columns.begin.begin(), columns.begin.end(), columns.begin.begin());
  columns.index.resize(columns.begin[n]);
  std::vector<std::int64_t> next(columns.begin.begin(), columns.begin.end() - 1);
  for_each_entry([&](std::size_t i, std::size_t j) {
    columns.index[next[j]++] = static_cast<std::int32_t>(i);
  });
  return columns;
}

}  // namespace

std::vector<std::int64_t> elimination_order(Mat matrix, MatOrderingType ordering) {
  PetscInt n = 0;
  PETSC(MatGetSize(matrix, &n, nullptr));
  IsHandle rows, columns;
  PETSC(MatGetOrdering(matrix, ordering, rows.put(), columns.put()));
  const PetscInt* order = nullptr;
  PETSC(ISGetIndices(rows.get(), &order));
  std::vector<std::int64_t> result(order, order + n);
  PETSC(ISRestoreIndices(rows.get(), &order));
  return result;
}

SparseEntries permuted_lower(Mat matrix, const std::vector<std::int64_t>& order) {
  std::vector<std::int32_t> position(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) position[order[k]] = static_cast<std::int32_t>(k);
  SparseEntries lower;
  lower.begin.push_back(0);
  for (std::size_t k = 0; k < order.size(); ++k) {
    PetscInt n_entry = 0;
    const PetscInt* column = nullptr;
    const PetscScalar* value = nullptr;
    const auto row = static_cast<PetscInt>(order[k]);
    const auto diagonal = static_cast<std::int32_t>(k);
    double diagonal_value = 0.0;
    PETSC(MatGetRow(matrix, row, &n_entry, &column, &value));
    for (PetscInt e = 0; e < n_entry; ++e) {
      const std::int32_t j = position[column[e]];
      if (j == diagonal) diagonal_value = value[e];
      if (j >= diagonal) continue;
      lower.index.push_back(j);
      lower.value.push_back(value[e]);
    }
    PETSC(MatRestoreRow(matrix, row, &n_entry, &column, &value));
    lower.index.push_back(diagonal);
    lower.value.push_back(diagonal_value);
    lower.begin.push_back(std::ssize(lower.index));
  }
  return lower;
}

EliminationTree elimination_tree(const SparseEntries& lower) {
  const std::size_t n = lower.begin.size() - 1;
  EliminationTree tree{std::vector<std::int32_t>(n, kNone), std::vector<std::int64_t>(n, 0)};
  std::vector<std::size_t> seen(n, n);
  for (std::size_t k = 0; k < n; ++k) {
    seen[k] = k;
    for (std::int64_t e = lower.begin[k]; e < lower.begin[k + 1]; ++e) {
      std::size_t j = lower.index[e];
      while (seen[j] != k) {
        if (tree.parent[j] == kNone) tree.parent[j] = static_cast<std::int32_t>(k);
        ++tree.count[j];
        seen[j] = k;
        j = tree.parent[j];
      }
    }
  }
  return tree;
}

// Visits a node before its children, from the roots down. In the reverse order each node comes
// after its subtree.
std::vector<std::int32_t> postorder(const std::vector<std::int32_t>& parent) {
  const std::size_t n = parent.size();
  std::vector<std::vector<std::int32_t>> children(n + 1);  // the last list: the roots
  for (std::size_t j = 0; j < n; ++j)
    children[parent[j] == kNone ? n : parent[j]].push_back(static_cast<std::int32_t>(j));
  std::vector<std::int32_t> order, open = children[n];
  order.reserve(n);
  while (!open.empty()) {
    const std::int32_t node = open.back();
    open.pop_back();
    order.push_back(node);
    const auto& below = children[node];
    open.insert(open.end(), below.begin(), below.end());
  }
  std::ranges::reverse(order);
  return order;
}

// The pattern of a supernode is the union of two sets: the matrix's rows below it, and the rows of
// its children in the tree. Children are the supernodes whose first row is one of its columns.
std::vector<Supernode> supernodes(const SparseEntries& lower) {
  const EliminationTree tree = elimination_tree(lower);
  const SparseEntries below = columns_below(lower);
  const std::size_t n = tree.parent.size();
  const auto continues = [&](std::size_t j) {
    return j + 1 < n && tree.parent[j] == static_cast<std::int32_t>(j + 1) &&
           tree.count[j] == tree.count[j + 1] + 1;
  };
  std::vector<Supernode> result;
  std::vector<std::vector<std::size_t>> children(n);  // at the column of their first row
  std::vector<std::size_t> seen(n, n);
  for (std::size_t first = 0, next = 0; first < n; first = next) {
    for (next = first + 1; continues(next - 1);) ++next;
    Supernode node{static_cast<std::int64_t>(first), static_cast<std::int64_t>(next - first), {}};
    const auto add = [&](std::int32_t row) {
      const std::size_t i = row;
      if (i >= next && std::exchange(seen[i], first) != first) node.rows.push_back(row);
    };
    for (std::size_t j = first; j < next; ++j) {
      for (std::int64_t e = below.begin[j]; e < below.begin[j + 1]; ++e) add(below.index[e]);
      for (const std::size_t child : children[j]) std::ranges::for_each(result[child].rows, add);
    }
    std::ranges::sort(node.rows);
    if (!node.rows.empty()) children[node.rows.front()].push_back(result.size());
    result.push_back(std::move(node));
  }
  return result;
}

}  // namespace jpo
