#include "training/parameter_fit.hpp"

namespace jpo {

void fit_parameters(const ParameterSpace& space, std::span<const std::int64_t> rows, const Batch& m,
                    const Batch& target, Evaluation& evaluation) {
  const auto answers = m.read();
  const auto targets = target.read();
  evaluation.gradient.set_n_problem(static_cast<std::int64_t>(rows.size()));
  const auto g = evaluation.gradient.write();
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const auto slot = static_cast<std::int64_t>(k);
    evaluation.outcome[k] = Outcome::ok;
    evaluation.loss[k] = 0.0;
    for (std::size_t j = 0; j < space.scale.size(); ++j) {
      const double error = (answers.row(slot)[j] - targets.row(rows[k])[j]) / space.scale[j];
      evaluation.loss[k] += 0.5 * error * error;
      g.row(slot)[j] = error / space.scale[j];
    }
  }
}

}  // namespace jpo
