#pragma once
// Symbolic analysis, common to the Cholesky factors of all symmetric matrices with one pattern: the
// order of elimination, the elimination tree, and columns with equal patterns.

#include <cstdint>
#include <vector>

#include <petscmat.h>

namespace jpo {

/// order[k]: the row of the matrix that is eliminated as number k. `ordering`: one of PETSc's.
std::vector<std::int64_t> elimination_order(Mat matrix, MatOrderingType ordering);

/// Sparse rows or columns, one after the other.
struct SparseEntries {
  /// [n + 1]
  std::vector<std::int64_t> begin;
  std::vector<std::int32_t> index;
  std::vector<double> value;
};

/// Rows of the lower triangle of P A P^T, P the permutation of `order`, the diagonal last.
/// `matrix`: sequential AIJ.
SparseEntries permuted_lower(Mat matrix, const std::vector<std::int64_t>& order);

/// Elimination tree (Liu 1990, doi 10.1137/0611010): parent[j] is the first row below j with an
/// entry in column j of L, -1 if there is none; count[j] is the number of entries of that column
/// below its diagonal.
struct EliminationTree {
  std::vector<std::int32_t> parent;
  std::vector<std::int64_t> count;
};
EliminationTree elimination_tree(const SparseEntries& lower);

/// The same elimination with each subtree contiguous, which gives wider supernodes: position k of
/// the new order is position postorder(parent)[k] of the old one.
std::vector<std::int32_t> postorder(const std::vector<std::int32_t>& parent);

/// Neighbouring columns first .. first + width - 1 of L with equal patterns below them.
struct Supernode {
  std::int64_t first;
  std::int64_t width;
  /// Below them, ascending.
  std::vector<std::int32_t> rows;
};
/// All columns, in order. No zeros are added to make patterns equal: on grids this gave wider
/// supernodes, but no faster solves.
std::vector<Supernode> supernodes(const SparseEntries& lower);

}  // namespace jpo
