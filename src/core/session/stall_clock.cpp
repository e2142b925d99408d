#include "core/session/stall_clock.hpp"

#include <algorithm>

namespace jpo {

bool StallClock::advance(double seconds, std::span<const RankSlot> ranks) {
  bool is_armed = true;
  bool is_held = false;
  bool any_progress = false;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const RankProgress& progress = ranks[rank].progress;
    const std::int64_t n_call = progress.n_call;
    is_armed = is_armed && ranks[rank].pid != 0 && progress.is_armed;
    is_held = is_held || ranks[rank].is_held;
    longest_call_ = std::max<double>(longest_call_, progress.longest_call);
    any_progress = any_progress || n_call != n_call_[rank];
    since_[rank] = n_call != n_call_[rank] ? 0.0 : since_[rank] + seconds;
    n_call_[rank] = n_call;
  }
  if (!is_armed || any_progress)
    idle_ = 0.0;
  else if (!is_held)
    idle_ += seconds;
  return idle_ >= limit();
}

}  // namespace jpo
