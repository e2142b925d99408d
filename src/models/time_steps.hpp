#pragma once
// What every model that steps in time asks of its horizon. Both throw BadInput with the nearest
// horizon or the limit.

#include <string>

namespace jpo {

/// At most a million steps of `time_step`.
void check_step_count(double horizon, double time_step);
/// A whole number of `unit`, at least one; `what` names it: "time steps".
void check_whole_steps(double horizon, double unit, const std::string& what);

}  // namespace jpo
