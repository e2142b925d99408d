#pragma once
// Which of this rank's problems go through the network together, and each in which slot. Both are
// fixed by global ids: an answer's bits depend on them, and so not on the number of ranks.

#include <cstdint>
#include <span>
#include <vector>

#include "core/device/batch.hpp"
#include "models/forward_model.hpp"
#include "network/network.hpp"
#include "parallel/shard.hpp"

namespace jpo {

/// What a network of this model maps between, `rows_per_call` problems a call.
inline NetworkShape network_shape(const ModelShape& model, std::int64_t rows_per_call) {
  return {model.observation, model.context, model.parameters, rows_per_call, model.space};
}

class NetworkCalls {
 public:
  /// At most `rows_per_call` problems of one micro-batch share a call: the network's micro_batch.
  NetworkCalls(const Shard& shard, std::int64_t rows_per_call);

  /// No call yet; only `usable` rows (local, ascending) will be asked.
  void begin(std::span<const std::int64_t> usable);
  /// One more call, with `rows` (local) in its slots; those that are not usable leave theirs
  /// empty.
  void add(std::span<const std::int64_t> rows);
  /// All usable rows, rows_per_call after rows_per_call of each micro-batch.
  void choose_all(std::span<const std::int64_t> usable);

  /// Usable rows, call by call.
  const std::vector<std::int64_t>& rows() const { return rows_; }
  std::size_t n_call() const { return first_.size() - 1; }
  /// Where call k begins in rows().
  std::int64_t first(std::size_t k) const { return first_[k]; }
  /// The call that rows()[j] is in.
  std::size_t call_of(std::int64_t j) const;

  /// m.row(j) = N(y.row(r), c.row(r)) with r = rows()[j], for those of call k.
  void predict(Network& network, std::size_t k, std::int64_t slot, const Batch& y, const Batch& c,
               Batch& m) const;
  /// For those of all calls, without graphs.
  void predict(Network& network, const Batch& y, const Batch& c, Batch& m) const;

 private:
  const Shard& shard_;
  std::int64_t rows_per_call_;
  /// By local row.
  std::vector<bool> is_usable_;
  std::vector<std::int64_t> rows_;
  /// [n_call + 1]
  std::vector<std::int64_t> first_ = {0};
  /// The rows with the unusable ones as empty slots.
  std::vector<std::int64_t> slots_;
  /// Where each call starts in slots_ [n_call + 1]
  std::vector<std::int64_t> first_slot_ = {0};
  std::vector<std::int64_t> call_rows_;
};

}  // namespace jpo
