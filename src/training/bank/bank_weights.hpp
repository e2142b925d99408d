#pragma once
// Weights of the problems' answers in the training of the bank's networks. A weight estimates from
// the best losses of all problems whether a problem is solved.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace jpo {

/// Input of a weighting rule: the losses of all problems of all ranks.
struct BankedLosses {
  /// Finite best losses of all problems, ascending.
  std::vector<double> sorted;
  /// Observations per problem.
  std::int64_t n_observation;
  /// L_ref, the median loss at the start.
  double loss_reference = 0.0;
};

/// Returns the names of the rules; the first is the default.
///   chi    w = exp(-(L - q) / tau), at most 1. q is the 5 % quantile of the losses,
///          tau = 2 q sqrt(2 / n_observation) + 1e-3 L_ref. If q is the misfit of white noise,
///          0.5 chi^2 with n_observation degrees of freedom, the losses of solved problems have the
///          standard deviation q sqrt(2 / n_observation). The first term of tau is twice that; the
///          second one is needed for data without noise.
///   rank   w = (1 - r)^12, r the share of the problems with a lower loss; independent of the scale
///          of the losses
///   equal  w = 1
std::vector<std::string> bank_weightings();

/// Returns the weight w of each loss, in [0, 1]; 0 if the loss is not finite. `weighting` is one of
/// bank_weightings().
std::vector<double> bank_weights(const std::string& weighting, std::span<const double> loss,
                                 const BankedLosses& all);

}  // namespace jpo
