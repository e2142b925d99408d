#pragma once
// The quality of a method's answers, computed once for tables and files.

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "driver/job.hpp"

namespace jpo {

/// Answer to a question about a problem; an HDF5 enum.
enum class Verdict : std::int8_t { no = 0, yes = 1, unknown = 2 };
/// Returns the names and values of all verdicts.
const std::vector<std::pair<std::string, std::int8_t>>& verdict_names();

/// Judgement of the answers of one method. All vectors: [local problem]; NaN if not known.
struct Judgement {
  /// Misfit at most Job::solved_limit(), or the model's own criterion. Unknown without a reference;
  /// no if the problem has a reference but no answer.
  std::vector<Verdict> solved;
  /// chi2 <= 1 + 3 sqrt(2 / n_observation). Unknown if the noise is not known.
  std::vector<Verdict> fitted;
  /// Mean over the observation of the squared residual, in units of the variance of the noise.
  std::vector<double> chi2;
  /// Prior part of the misfit.
  std::vector<double> prior_part;
  /// Root mean square over the parameters of (m - truth) / scale.
  std::vector<double> parameter_error;
  /// Gradient evaluations, including those of the methods that provided the starts.
  std::vector<double> evaluations;
  /// Gradient evaluations until the problem was solved, in the same sense; NaN if it was not.
  std::vector<double> evaluations_to_solved;
  /// Time from the start of the first of these methods to that moment, without other methods [s].
  std::vector<double> seconds_to_solved;
};

/// Judges method k of job.results(). Collective.
Judgement judge(const Job& job, std::size_t k);
/// Judges all methods of job.results(). Collective.
std::vector<Judgement> judge_all(const Job& job);

/// Cost until a share of all problems is solved; NaN if fewer are.
struct CostToSolve {
  /// Mean over the problems of min(e_i, q). e_i: evaluations until problem i is solved, or all its
  /// evaluations if it is not; q: the smallest number for which the share has e_i <= q.
  double evaluations = 0.0;
  /// Time at which the share is solved [s].
  double seconds = 0.0;
};
/// Shares of the tables.
inline constexpr std::array<double, 3> kSolvedShares = {0.5, 0.9, 0.95};
/// Returns the cost for a share in (0, 1]. Collective.
CostToSolve cost_to_solve(const Job& job, const Judgement& judgement, double share);

}  // namespace jpo
