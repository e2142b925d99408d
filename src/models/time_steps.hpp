#pragma once
// Checks of the horizon of models with time steps. Both throw BadInput with the nearest allowed
// horizon or the limit.

#include <string>

namespace jpo {

/// At most a million steps of `time_step`.
void check_step_count(double horizon, double time_step);
/// Checks for a whole number of `unit`, at least one; `what` names the unit: "time steps".
void check_whole_steps(double horizon, double unit, const std::string& what);

}  // namespace jpo
