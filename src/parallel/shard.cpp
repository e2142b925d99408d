#include "parallel/shard.hpp"

#include <algorithm>
#include <cassert>

namespace jpo {
namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

Shard::Shard(std::int64_t n_problem, std::int64_t micro_batch, int n_rank, int rank)
    : n_problem_(n_problem), micro_batch_(micro_batch), n_rank_(n_rank), first_(0), last_(0) {
  assert(n_problem >= 0 && micro_batch >= 1 && n_rank >= 1 && rank >= 0 && rank < n_rank);
  first_ = n_micro_batch() * rank / n_rank_;
  last_ = n_micro_batch() * (rank + 1) / n_rank_;
}

std::int64_t Shard::n_micro_batch() const {
  return divide_up(n_problem_, micro_batch_);
}

std::int64_t Shard::first_problem() const {
  return std::min(first_ * micro_batch_, n_problem_);
}

std::int64_t Shard::n_local_problem() const {
  return std::min(last_ * micro_batch_, n_problem_) - first_problem();
}

std::int64_t Shard::micro_batch_size(std::int64_t k) const {
  const std::int64_t begin = (first_ + k) * micro_batch_;
  return std::min(begin + micro_batch_, n_problem_) - begin;
}

int Shard::owner(std::int64_t problem) const {
  // The last rank r with floor(n r / R) <= k, for n micro-batches and R ranks.
  const std::int64_t k = problem / micro_batch_;
  return static_cast<int>(((k + 1) * n_rank_ - 1) / n_micro_batch());
}

}  // namespace jpo
