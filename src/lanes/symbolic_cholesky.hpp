#pragma once
// Symbolic analysis for the Cholesky factors of symmetric matrices with one pattern: the order of
// elimination, the elimination tree, and columns with equal patterns.

#include <cstdint>
#include <vector>

#include <petscmat.h>

namespace jpo {

/// Returns order, with order[k] the row of the matrix that is eliminated in step k. `ordering`: one
/// of PETSc's.
std::vector<std::int64_t> elimination_order(Mat matrix, MatOrderingType ordering);

/// Sparse rows or columns, one after the other.
struct SparseEntries {
  /// [n + 1]
  std::vector<std::int64_t> begin;
  std::vector<std::int32_t> index;
  std::vector<double> value;
};

/// Returns the rows of the lower triangle of P A P^T, with P the permutation of `order`. The
/// diagonal is the last entry of each row. `matrix`: sequential AIJ.
SparseEntries permuted_lower(Mat matrix, const std::vector<std::int64_t>& order);

/// Elimination tree (Liu 1990, doi 10.1137/0611010).
struct EliminationTree {
  /// parent[j]: first row below j with an entry in column j of L; -1 if there is none.
  std::vector<std::int32_t> parent;
  /// count[j]: number of entries of column j of L below its diagonal.
  std::vector<std::int64_t> count;
};
EliminationTree elimination_tree(const SparseEntries& lower);

/// Returns an equivalent order of elimination in which each subtree is contiguous, which gives
/// wider supernodes. Position k of the new order is position postorder(parent)[k] of the old one.
std::vector<std::int32_t> postorder(const std::vector<std::int32_t>& parent);

/// Neighbouring columns first .. first + width - 1 of L with equal patterns below them.
struct Supernode {
  std::int64_t first;
  std::int64_t width;
  /// Rows below these columns, ascending.
  std::vector<std::int32_t> rows;
};
/// Returns the supernodes of all columns, in order. No zeros are added to make patterns equal: on
/// grids this gave wider supernodes, but no faster solves.
std::vector<Supernode> supernodes(const SparseEntries& lower);

}  // namespace jpo
