#include "driver/reference.hpp"

#include <algorithm>
#include <cmath>

#include "core/log.hpp"
#include "data/problem_set.hpp"
#include "driver/job.hpp"
#include "solving/loop.hpp"
#include "solving/per_problem/tao_starts.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kManyParameters = 16;

class SolveFromTruth final : public TaoStarts {
 public:
  SolveFromTruth(const TaoSettings& settings, const Task& task)
      : TaoStarts(settings, task, kNoLevel) {
    add_start(task.truth);
  }
};

TaoSettings reference_settings(const Deck& deck) {
  TaoSettings settings;
  settings.max_evaluations = deck.section<DataSettings>("data").reference_evaluations;
  return settings;
}

// Usable problems with a known truth.
std::vector<std::int64_t> rows_with_truth(const ProblemSet& problems) {
  std::vector<std::int64_t> rows;
  const auto truth = problems.truth.read();
  for (const std::int64_t row : problems.usable)
    if (std::ranges::all_of(truth.row(row), [](double value) { return std::isfinite(value); }))
      rows.push_back(row);
  return rows;
}

}  // namespace

ReferenceKind reference_kind(const Deck& deck, const ModelShape& shape) {
  const std::string& chosen = deck.section<DataSettings>("data").reference;
  if (chosen == "none") return ReferenceKind::none;
  if (chosen == "truth") return ReferenceKind::truth;
  const bool is_solve = chosen == "solve" || shape.parameters.size() > kManyParameters ||
                        deck.section<MisfitSettings>("misfit").prior_weight > 0.0;
  return is_solve ? ReferenceKind::solve : ReferenceKind::truth;
}

std::string reference_text(const Deck& deck, const ModelShape& shape) {
  switch (reference_kind(deck, shape)) {
    case ReferenceKind::solve:
      return "lowest misfit of a solve from the truth";
    case ReferenceKind::truth:
      return "misfit at the truth";
    default:
      return "none";
  }
}

MethodTraits reference_traits(const Deck& deck) {
  return TaoStarts::traits(reference_settings(deck));
}

std::vector<double> solve_from_truth(Job& job, Interruptions& interruptions) {
  const TaoSettings settings = reference_settings(job.deck());
  Objective objective = job.objective(false);
  MethodResult result = job.empty_result();
  const std::vector<std::int64_t> rows = rows_with_truth(job.problems());
  Task task = job.task("reference", objective, result);
  task.usable = rows;
  SolveFromTruth method(settings, task);
  solve(method, task, interruptions);
  log_info("  {:<20} done in {:.1f} s: the lowest misfit from the truth of each problem",
           "reference", result.seconds);
  return result.loss;
}

}  // namespace jpo
