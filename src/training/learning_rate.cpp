#include "training/learning_rate.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace jpo {

void LearningRateSettings::describe(KeyTable& table) {
  table.add(
      "learning_rate", &learning_rate,
      {.doc = "highest step size of the optimizer", .min = 0, .max = 1e6, .min_is_open = true});
  table.add("schedule", &schedule,
            {.doc = "change of the learning rate during the training",
             .allowed = {"constant", "cosine", "plateau"}});
  table.add("warm_up", &warm_up,
            {.doc = "updates in which the rate rises linearly to its highest value", .min = 0});
  table.add("final_fraction", &final_fraction,
            {.doc = "cosine: the final rate, as a fraction of the highest", .min = 0, .max = 1});
  table.add("plateau_factor", &plateau_factor,
            {.doc = "plateau: the rate is multiplied by this when the mean loss stops falling",
             .min = 0,
             .max = 1,
             .min_is_open = true});
  table.add(
      "plateau_patience", &plateau_patience,
      {.doc = "plateau: updates without a lower mean loss before the rate is reduced", .min = 1});
}

double LearningRate::at(std::int64_t update) const {
  const double rate = settings_.learning_rate;
  if (update < settings_.warm_up)
    return rate * static_cast<double>(update + 1) / static_cast<double>(settings_.warm_up);
  if (settings_.schedule == "plateau") return rate * plateau_scale_;
  if (settings_.schedule == "constant") return rate;
  const auto span = static_cast<double>(std::max<std::int64_t>(n_update_ - settings_.warm_up, 1));
  const double share = std::min(1.0, static_cast<double>(update - settings_.warm_up) / span);
  const double f = settings_.final_fraction;
  return rate * (f + (1.0 - f) * 0.5 * (1.0 + std::cos(std::numbers::pi * share)));
}

void LearningRate::archive(StateArchive& archive, const std::string& name) {
  archive.shared(name + "/best_loss", best_loss_);
  archive.shared(name + "/since_best", since_best_);
  archive.shared(name + "/plateau_scale", plateau_scale_);
}

void LearningRate::observe(double loss_mean) {
  if (since_best_ < 0 || loss_mean < best_loss_) {
    best_loss_ = loss_mean;
    since_best_ = 0;
    return;
  }
  if (++since_best_ < settings_.plateau_patience) return;
  plateau_scale_ *= settings_.plateau_factor;
  since_best_ = 0;
}

}  // namespace jpo
