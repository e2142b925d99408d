#include "driver/output/judgement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/statistics.hpp"

namespace jpo {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Verdict verdict(bool is_yes) {
  return is_yes ? Verdict::yes : Verdict::no;
}

// Judges the answers themselves, one problem after the other.
class Judge {
 public:
  Judge(const Job& job, const MethodResult& result, Judgement& judgement)
      : job_(job),
        result_(result),
        judgement_(judgement),
        limit_(job.solved_limit()),
        misfit_(settings(), job.shape().parameters),
        noise_(job.deck().section<DataSettings>("data").noise) {}

  void run() {
    const auto answers = result_.parameters.read();
    const auto truths = job_.problems().truth.read();
    const auto contexts = job_.problems().context.read();
    for (std::int64_t row = 0; row < result_.parameters.n_problem(); ++row) {
      const auto k = static_cast<std::size_t>(row);
      const bool has_answer = std::isfinite(result_.loss[k]);
      judge_fit(k, has_answer ? answers.row(row) : std::span<const double>());
      judgement_.parameter_error.push_back(has_answer ? error(answers.row(row), truths.row(row))
                                                      : kNaN);
      const auto own =
          has_answer ? job_.model().is_solved(contexts.row(row), truths.row(row), answers.row(row))
                     : std::nullopt;
      const bool is_known = own || std::isfinite(limit_[k]);
      judgement_.solved.push_back(is_known ? verdict(own.value_or(result_.loss[k] <= limit_[k]))
                                           : Verdict::unknown);
    }
  }

 private:
  const MisfitSettings& settings() const { return job_.deck().section<MisfitSettings>("misfit"); }

  // m: the answer, or nothing.
  void judge_fit(std::size_t k, std::span<const double> m) {
    const auto n = static_cast<double>(job_.shape().observation.size());
    const double prior = m.empty() ? kNaN : misfit_.prior_part(m);
    const double variance = std::pow(noise_ / settings().residual_scale, 2);
    const double chi2 = noise_ > 0.0 ? 2.0 * (result_.loss[k] - prior) / (n * variance) : kNaN;
    judgement_.prior_part.push_back(prior);
    judgement_.chi2.push_back(chi2);
    judgement_.fitted.push_back(noise_ > 0.0 ? verdict(chi2 <= 1.0 + 3.0 * std::sqrt(2.0 / n))
                                             : Verdict::unknown);
  }

  double error(std::span<const double> m, std::span<const double> truth) const {
    double sum = 0.0;
    for (std::size_t j = 0; j < m.size(); ++j)
      sum += std::pow((m[j] - truth[j]) / job_.shape().parameters.scale[j], 2);
    return std::sqrt(sum / static_cast<double>(m.size()));
  }

  const Job& job_;
  const MethodResult& result_;
  Judgement& judgement_;
  std::vector<double> limit_;
  Misfit misfit_;
  double noise_;
};

// Adds the costs of the methods that provided the starts. If one of them has solved the problem,
// the cost is that of this method.
void add_costs(const Job& job, std::size_t k, Judgement& judgement) {
  const MethodResult& result = job.results()[k];
  judgement.evaluations = job.evaluations(k);
  judgement.evaluations_to_solved = result.evaluations_to_solved;
  judgement.seconds_to_solved = result.seconds_to_solved;
  const std::optional<std::size_t> earlier = job.earlier_method(k);
  if (!earlier) return;
  Judgement before;
  add_costs(job, *earlier, before);
  const double seconds = job.seconds(*earlier);
  for (std::size_t row = 0; row < before.evaluations.size(); ++row) {
    const bool was_solved = std::isfinite(before.evaluations_to_solved[row]);
    judgement.evaluations_to_solved[row] =
        was_solved ? before.evaluations_to_solved[row]
                   : before.evaluations[row] + result.evaluations_to_solved[row];
    judgement.seconds_to_solved[row] =
        was_solved ? before.seconds_to_solved[row] : seconds + result.seconds_to_solved[row];
  }
}

// The criterion of a model may differ from the limit of the misfit: then the cost is that of all
// evaluations, an upper bound.
void agree_with_verdicts(const Job& job, std::size_t k, Judgement& judgement) {
  for (std::size_t row = 0; row < judgement.solved.size(); ++row) {
    const bool is_solved = judgement.solved[row] == Verdict::yes;
    double& evaluations = judgement.evaluations_to_solved[row];
    double& seconds = judgement.seconds_to_solved[row];
    if (is_solved && std::isnan(evaluations)) {
      evaluations = judgement.evaluations[row];
      seconds = job.seconds(k);
    } else if (!is_solved) {
      evaluations = seconds = kNaN;
    }
  }
}

}  // namespace

const std::vector<std::pair<std::string, std::int8_t>>& verdict_names() {
  static const std::vector<std::pair<std::string, std::int8_t>> names = {
      {"no", static_cast<std::int8_t>(Verdict::no)},
      {"yes", static_cast<std::int8_t>(Verdict::yes)},
      {"unknown", static_cast<std::int8_t>(Verdict::unknown)}};
  return names;
}

Judgement judge(const Job& job, std::size_t k) {
  Judgement judgement;
  Judge(job, job.results()[k], judgement).run();
  add_costs(job, k, judgement);
  agree_with_verdicts(job, k, judgement);
  return judgement;
}

std::vector<Judgement> judge_all(const Job& job) {
  std::vector<Judgement> judgements;
  for (std::size_t k = 0; k < job.results().size(); ++k) judgements.push_back(judge(job, k));
  return judgements;
}

CostToSolve cost_to_solve(const Job& job, const Judgement& judgement, double share) {
  const std::vector<double> all = gather_rows(judgement.evaluations, job.comm());
  const std::vector<double> until = gather_rows(judgement.evaluations_to_solved, job.comm());
  const std::vector<double> evaluations = sorted_finite(until);
  const std::vector<double> seconds =
      sorted_finite(gather_rows(judgement.seconds_to_solved, job.comm()));
  const auto wanted = static_cast<std::size_t>(std::ceil(share * static_cast<double>(all.size())));
  if (wanted == 0 || evaluations.size() < wanted) return {kNaN, kNaN};
  const double enough = evaluations[wanted - 1];
  double sum = 0.0;
  for (std::size_t id = 0; id < all.size(); ++id)
    sum += std::min(std::isnan(until[id]) ? all[id] : until[id], enough);
  return {sum / static_cast<double>(all.size()), seconds[wanted - 1]};
}

}  // namespace jpo
