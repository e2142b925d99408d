#pragma once
// Is a model's gradient the gradient? The checks behind `jpo verify`, and behind the tests of every
// registered model.

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
  double value;  ///< what was measured
  double limit;  ///< what it is held against
  bool passed;
  std::vector<std::string> details;
};

struct VerifyOptions {
  MisfitSettings misfit;
  std::uint64_t seed = 0;
  std::int64_t n_problem = 20;   ///< more than one lane block, not a multiple of one
  double gradient_factor = 1.0;  ///< other than 1 spoils the gradient: the Taylor check must fail
};

/// Taylor remainders of the misfit, dot-product identity, evaluate twice, batch independence.
/// Not collective.
std::vector<CheckRow> verify_model(ForwardModel& model, const VerifyOptions& options);

/// A Taylor check from remainders r(step): passes where their observed order reaches `limit` over
/// the steps before round-off (remainders above 1e-13 |value|). Shows the sweep.
CheckRow taylor_row(const std::string& name, std::span<const double> steps,
                    std::span<const double> remainders, double value, double limit);

}  // namespace jpo
