#pragma once
// Checks of the gradient of a model, for `jpo verify` and for the tests of every registered model.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "inverse/misfit.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// One line of the table of checks: a measured value and its limit.
struct CheckRow {
  std::string name;
  double value;
  double limit;
  bool passed;
  std::vector<std::string> details;
};

struct VerifyOptions {
  MisfitSettings misfit;
  std::uint64_t seed = 0;
  /// The default is more than one block of lanes, and not a multiple of a block.
  std::int64_t n_problem = 20;
  /// Multiplies the gradients; with a value other than 1 the checks of the gradient must fail.
  double gradient_factor = 1.0;
};

/// Checks the Taylor remainders of the misfit and the dot-product identity. Checks also that
/// results have the same bits if problems are evaluated twice, alone, in another order, or beside a
/// diverging problem. Returns one row per check. Not collective.
std::vector<CheckRow> verify_model(ForwardModel& model, const VerifyOptions& options);

/// Returns a Taylor check of the remainders r(step). It passes if the median order of the last five
/// steps before round-off is at least `limit`. Steps with a remainder of at most 30 times
/// 1e-13 |value| are not used. The details list all steps.
CheckRow taylor_row(const std::string& name, std::span<const double> steps,
                    std::span<const double> remainders, double value, double limit);

}  // namespace jpo
