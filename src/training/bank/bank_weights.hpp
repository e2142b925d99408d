#pragma once
// How sure each problem looks solved, from the best losses of all problems: by this the bank's
// networks learn an answer more or less often.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace jpo {

/// What a weighting rule may look at, all problems together.
struct BankedLosses {
  /// Finite best losses of all problems, ascending.
  std::vector<double> sorted;
  /// Of one problem.
  std::int64_t n_observation;
  /// L_ref.
  double loss_reference = 0.0;
};

/// Names of the rules; the first is the default.
///   chi    w = exp(-(L - q) / tau), at most 1; q the 5 % quantile of the losses,
///          tau = 2 q sqrt(2 / n_observation) + 1e-3 L_ref. Where q is the misfit that white noise
///          leaves, 0.5 chi^2 of n_observation, losses of solved problems scatter around it with
///          deviation q sqrt(2 / n_observation): tau is two of them. The second term is the
///          resolution of misfits without noise.
///   rank   w = (1 - r)^12, r the share of the problems whose loss is lower: no scale at all
///   equal  w = 1: every answer is learned alike
std::vector<std::string> bank_weightings();

/// w of each of `loss`, in [0, 1]; 0 where it is not finite.
std::vector<double> bank_weights(const std::string& weighting, std::span<const double> loss,
                                 const BankedLosses& all);

}  // namespace jpo
