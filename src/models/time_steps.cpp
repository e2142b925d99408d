#include "models/time_steps.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/errors.hpp"

namespace jpo {
namespace {

constexpr double kMostSteps = 1e6;

}  // namespace

void check_step_count(double horizon, double time_step) {
  if (!(horizon / time_step <= kMostSteps))
    throw BadInput(fmt::format("key 'model.horizon' = {}: more than {} time steps of {}", horizon,
                               kMostSteps, time_step));
}

void check_whole_steps(double horizon, double unit, const std::string& unit_name) {
  const double whole = std::max(1.0, std::round(horizon / unit));
  if (std::abs(horizon - whole * unit) > 1e-9 * horizon)
    throw BadInput(
        fmt::format("key 'model.horizon' = {}: not a whole number of {}; the nearest allowed is {}",
                    horizon, unit_name, whole * unit));
}

}  // namespace jpo
