#include "training/problem_losses.hpp"

#include <algorithm>
#include <cmath>

namespace jpo {

void TrainingLossSettings::describe(KeyTable& table) {
  table.add(
      "loss", &loss,
      {.doc = "loss that the training minimizes; answers are compared by the misfit L. squared: "
              "L; huber: large residuals enter linearly; log: log(L + epsilon); normalized: L "
              "divided by the problem's first L",
       .allowed = {"squared", "huber", "log", "normalized"}});
  table.add("huber_scales", &huber_scales,
            {.doc = "huber: residuals above this enter linearly",
             .unit = "misfit.residual_scale",
             .min = 0,
             .min_is_open = true});
  table.add("log_epsilon", &log_epsilon,
            {.doc = "log: epsilon, added to the misfit",
             .unit = "median misfit at the start",
             .min = 0,
             .min_is_open = true});
  table.add("exploration", &exploration,
            {.doc = "standard deviation of the noise that is added to the answers at the first "
                    "update; decreases linearly to zero at the last one",
             .unit = "the parameters' scale",
             .min = 0});
}

ProblemLosses::ProblemLosses(const Task& task, const TrainingLossSettings& settings,
                             std::int64_t n_update)
    : task_(task),
      settings_(settings),
      n_update_(n_update),
      first_loss_(static_cast<std::size_t>(task.objective.n_problem())),
      gradients_(task.objective.shape().parameters, task.objective.shape().space) {
  if (settings.loss == "huber") task.objective.limit_residuals(settings.huber_scales);
}

double ProblemLosses::clip_unit() const {
  const bool is_misfit = settings_.loss == "squared" || settings_.loss == "huber";
  return is_misfit && task_.levels.mean_at_centre > 0.0 ? task_.levels.mean_at_centre : 1.0;
}

void ProblemLosses::evaluate(std::int64_t update, std::span<const std::int64_t> rows, Batch& m,
                             MethodResult& result, Evaluation& evaluation) {
  explore(update, rows, m);
  task_.objective.evaluate(rows, m, result.ledger, evaluation);
  result.record(rows, m, evaluation);
  if (settings_.loss == "squared" || settings_.loss == "huber") return;
  slopes_.resize(rows.size());
  for (std::size_t k = 0; k < rows.size(); ++k)
    slopes_[k] = evaluation.outcome[k] == Outcome::ok ? slope(rows[k], evaluation.loss[k]) : 1.0;
  gradients_.multiply_rows(slopes_, evaluation.gradient);
}

// d(training loss)/dL.
double ProblemLosses::slope(std::int64_t row, double loss) {
  if (settings_.loss == "log") return 1.0 / (loss + settings_.log_epsilon * task_.levels.reference);
  double& first = first_loss_[row];
  if (first == 0.0) first = std::max(loss, 1e-6 * task_.levels.reference);
  return 1.0 / first;
}

void ProblemLosses::explore(std::int64_t update, std::span<const std::int64_t> rows,
                            Batch& m) const {
  const double deviation =
      settings_.exploration *
      std::max(0.0, 1.0 - static_cast<double>(update + 1) / static_cast<double>(n_update_));
  if (deviation == 0.0) return;
  const ParameterSpace& space = task_.objective.shape().parameters;
  const auto answers = m.write();
  for (std::size_t k = 0; k < rows.size(); ++k) {
    RandomStream stream = task_.stream("exploration", update, rows[k]);
    const auto row = answers.row(k);
    for (std::size_t j = 0; j < row.size(); ++j)
      row[j] = std::clamp(row[j] + deviation * space.scale[j] * stream.normal(), space.lower[j],
                          space.upper[j]);
  }
}

}  // namespace jpo
