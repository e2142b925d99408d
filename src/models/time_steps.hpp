#pragma once
// Checks of key model.horizon for models with time steps.

#include <string>

namespace jpo {

/// Throws BadInput if the horizon has more than a million steps of `time_step`.
void check_step_count(double horizon, double time_step);
/// Throws BadInput, with the nearest allowed horizon, if the horizon is not a whole number of
/// `unit`, at least one. `unit_name` is used in the message: "time steps".
void check_whole_steps(double horizon, double unit, const std::string& unit_name);

}  // namespace jpo
