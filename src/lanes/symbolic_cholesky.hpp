#pragma once
// What the Cholesky factors of all symmetric matrices with one pattern share: the order of
// elimination, the elimination tree, and the columns with like patterns.

#include <cstdint>
#include <vector>

#include <petscmat.h>

namespace jpo {

/// order[k]: row of the matrix that is eliminated k-th. `ordering`: one of PETSc's.
std::vector<std::int64_t> elimination_order(Mat matrix, MatOrderingType ordering);

/// Sparse rows or columns, one after the other.
struct SparseEntries {
  std::vector<std::int64_t> begin;  ///< n + 1
  std::vector<std::int32_t> index;
  std::vector<double> value;
};

/// Rows of the lower triangle of P A P^T, P that of `order`, the diagonal last. Sequential AIJ.
SparseEntries permuted_lower(Mat matrix, const std::vector<std::int64_t>& order);

/// Elimination tree (Liu 1990, doi 10.1137/0611010): parent[j] is the first row below j with an
/// entry in column j of L, -1 where there is none; count[j] has the entries of that column below
/// its diagonal.
struct EliminationTree {
  std::vector<std::int32_t> parent;
  std::vector<std::int64_t> count;
};
EliminationTree elimination_tree(const SparseEntries& lower);

/// The same elimination with all of a subtree side by side, and so wider supernodes: place k of the
/// new order is place postorder(parent)[k] of the old one.
std::vector<std::int32_t> postorder(const std::vector<std::int32_t>& parent);

/// Neighbouring columns first .. first + width - 1 of L with equal patterns below them.
struct Supernode {
  std::int64_t first;
  std::int64_t width;
  std::vector<std::int32_t> rows;  ///< below them, ascending
};
/// All columns, in order. Zeros that make patterns equal are not added: on grids they made fewer
/// and wider ones, and nothing faster.
std::vector<Supernode> supernodes(const SparseEntries& lower);

}  // namespace jpo
