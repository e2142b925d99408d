#pragma once
// The problems that a rank owns. Only arithmetic, no communication.

#include <cstdint>

namespace jpo {

/// Problems are divided into fixed micro-batches by global id. A rank owns whole, consecutive
/// micro-batches; with more ranks than micro-batches, some ranks own none.
class Shard {
 public:
  Shard(std::int64_t n_problem, std::int64_t micro_batch, int n_rank, int rank);

  /// Number of problems of all ranks.
  std::int64_t n_problem() const { return n_problem_; }
  /// Number of problems per micro-batch.
  std::int64_t micro_batch() const { return micro_batch_; }
  /// Number of micro-batches of all ranks.
  std::int64_t n_micro_batch() const;
  /// Global number of this rank's first micro-batch.
  std::int64_t first_micro_batch() const { return first_; }
  /// Number of micro-batches of this rank.
  std::int64_t n_local_micro_batch() const { return last_ - first_; }
  /// Global id of this rank's first problem.
  std::int64_t first_problem() const;
  /// Number of problems of this rank.
  std::int64_t n_local_problem() const;
  /// Number of problems in local micro-batch k: micro_batch, or fewer in the last one of all ranks.
  std::int64_t micro_batch_size(std::int64_t k) const;
  /// Returns the rank that owns the problem with this global id.
  int owner(std::int64_t problem) const;

 private:
  std::int64_t n_problem_;
  std::int64_t micro_batch_;
  int n_rank_;
  /// This rank owns the micro-batches [first_, last_).
  std::int64_t first_;
  std::int64_t last_;
};

}  // namespace jpo
