#pragma once
// Checks of the gradient of a model, for `jpo verify` and for the tests of every registered model.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "inverse/misfit.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// One line of the table of checks.
struct CheckRow {
  std::string name;
  /// Measured value.
  double value;
  /// Limit of the value.
  double limit;
  bool passed;
  std::vector<std::string> details;
};

struct VerifyOptions {
  MisfitSettings misfit;
  std::uint64_t seed = 0;
  /// More than one block of lanes, and not a multiple of one.
  std::int64_t n_problem = 20;
  /// Scales the gradient: other than 1, the Taylor check must fail.
  double gradient_factor = 1.0;
};

/// Taylor remainders of the misfit, dot-product identity, evaluate twice, batch independence.
/// Not collective.
std::vector<CheckRow> verify_model(ForwardModel& model, const VerifyOptions& options);

/// A Taylor check of the remainders r(step): passes if their observed order reaches `limit` over
/// the steps before round-off (remainders above 1e-13 |value|). The details list all steps.
CheckRow taylor_row(const std::string& name, std::span<const double> steps,
                    std::span<const double> remainders, double value, double limit);

}  // namespace jpo
