#pragma once
// Which problems a rank owns: pure arithmetic, no communication.

#include <cstdint>

namespace jpo {

/// Problems are cut into fixed micro-batches by global id; a rank owns whole, consecutive ones.
/// A rank beyond the number of micro-batches owns nothing.
class Shard {
 public:
  Shard(std::int64_t n_problem, std::int64_t micro_batch, int n_rank, int rank);

  /// Of the whole set.
  std::int64_t n_problem() const { return n_problem_; }
  /// Problems a micro-batch.
  std::int64_t micro_batch() const { return micro_batch_; }
  /// Of the whole set.
  std::int64_t n_micro_batch() const;
  /// Of this rank.
  std::int64_t first_micro_batch() const { return first_; }
  std::int64_t n_local_micro_batch() const { return last_ - first_; }
  /// Global id of local row 0.
  std::int64_t first_problem() const;
  std::int64_t n_local_problem() const;
  /// Problems in local micro-batch k: micro_batch, or fewer in the last one of the set.
  std::int64_t micro_batch_size(std::int64_t k) const;
  /// The rank that owns a global id.
  int owner(std::int64_t problem) const;

 private:
  std::int64_t n_problem_;
  std::int64_t micro_batch_;
  int n_rank_;
  /// Micro-batches [first_, last_) are this rank's.
  std::int64_t first_;
  std::int64_t last_;
};

}  // namespace jpo
