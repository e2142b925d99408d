#pragma once
// Assigns this rank's problems to network calls, and to a slot in each call. The bits of an answer
// depend on its slot. The assignment follows from global ids, so that the answers do not depend on
// the number of ranks.

#include <cstdint>
#include <span>
#include <vector>

#include "core/device/batch.hpp"
#include "models/forward_model.hpp"
#include "network/network.hpp"
#include "parallel/shard.hpp"

namespace jpo {

/// Returns the shape of a network for this model, with `rows_per_call` problems per call.
inline NetworkShape network_shape(const ModelShape& model, std::int64_t rows_per_call) {
  return {model.observation, model.context, model.parameters, rows_per_call, model.space};
}

class NetworkCalls {
 public:
  /// A call holds at most `rows_per_call` problems, all of one micro-batch. The network's
  /// micro_batch must be at least `rows_per_call`.
  NetworkCalls(const Shard& shard, std::int64_t rows_per_call);

  /// Removes all calls. Calls added later leave out rows (local) that are not in `usable`.
  void begin(std::span<const std::int64_t> usable);
  /// Adds a call with `rows` (local) in its slots; slots of rows that are not usable stay empty.
  void add(std::span<const std::int64_t> rows);
  /// Replaces all calls: each micro-batch is cut into calls of rows_per_call consecutive rows.
  void choose_all(std::span<const std::int64_t> usable);

  /// Returns the usable rows of all calls, in the order of the calls.
  const std::vector<std::int64_t>& rows() const { return rows_; }
  std::size_t n_call() const { return first_.size() - 1; }
  /// Returns the index in rows() of the first row of call k.
  std::int64_t first(std::size_t k) const { return first_[k]; }
  /// Returns the index of the call that holds rows()[j].
  std::size_t call_of(std::int64_t j) const;

  /// Sets m.row(j) = N(y.row(r), c.row(r)) with r = rows()[j], for the rows of call k. `graph` is
  /// that of Network::predict.
  void predict(Network& network, std::size_t k, std::int64_t graph, const Batch& y, const Batch& c,
               Batch& m) const;
  /// The same for the rows of all calls, without graphs. Sets the number of rows of m.
  void predict(Network& network, const Batch& y, const Batch& c, Batch& m) const;

 private:
  const Shard& shard_;
  std::int64_t rows_per_call_;
  /// True for usable local rows.
  std::vector<bool> is_usable_;
  std::vector<std::int64_t> rows_;
  /// [n_call + 1]
  std::vector<std::int64_t> first_ = {0};
  /// Row or kEmptySlot of each slot of all calls.
  std::vector<std::int64_t> slots_;
  /// Index in slots_ of the first slot of each call [n_call + 1].
  std::vector<std::int64_t> first_slot_ = {0};
  std::vector<std::int64_t> call_rows_;
};

}  // namespace jpo
