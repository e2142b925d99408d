#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/session/rank_table.hpp"

namespace jpo {

/// Decides if a job is stalled, from the progress of all its ranks.
class StallClock {
 public:
  StallClock(double stall_seconds, std::size_t n_rank)
      : stall_seconds_(stall_seconds), n_call_(n_rank), since_(n_rank) {}

  /// Counts `seconds` since the last call. Time is not counted while a rank is unknown or not
  /// armed, or while a debugger holds a rank. Returns true if no rank has finished a call for
  /// limit().
  bool advance(double seconds, std::span<const RankSlot> ranks);
  /// Returns stall_seconds or 20 times the longest call, the larger one [s].
  double limit() const { return std::max(stall_seconds_, 20.0 * longest_call_); }
  /// Counted time without progress of any rank [s].
  double idle() const { return idle_; }
  /// Time since the last finished call of a rank [s].
  double since(std::size_t rank) const { return since_[rank]; }

 private:
  double stall_seconds_;
  double longest_call_ = 0.0;
  double idle_ = 0.0;
  std::vector<std::int64_t> n_call_;
  std::vector<double> since_;
};

}  // namespace jpo
