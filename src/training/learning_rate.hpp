#pragma once
#include <cstdint>
#include <string>

#include "core/device/state_archive.hpp"
#include "core/settings.hpp"

namespace jpo {

/// The learning-rate keys of a method.
struct LearningRateSettings {
  double learning_rate = 1e-3;
  /// constant | cosine | plateau.
  std::string schedule = "cosine";
  std::int64_t warm_up = 0;
  double final_fraction = 0.01;
  double plateau_factor = 0.5;
  std::int64_t plateau_patience = 50;
  void describe(KeyTable& table);
};

/// The rate of each update:
///   warm-up   rate (u + 1) / warm_up                                    for u < warm_up
///   constant  rate
///   cosine    rate (f + (1 - f) (1 + cos(pi t)) / 2), f = final_fraction and t the finished share
///             of the updates after warm-up
///   plateau   rate, multiplied by plateau_factor each time the mean loss has not fallen for
///             plateau_patience updates
class LearningRate {
 public:
  LearningRate(const LearningRateSettings& settings, std::int64_t n_update)
      : settings_(settings), n_update_(n_update) {}

  /// Returns the rate of `update` (from 0).
  double at(std::int64_t update) const;
  /// Passes the mean loss of an update to the plateau rule; called once per update.
  void observe(double loss_mean);
  void archive(StateArchive& archive, const std::string& name);

 private:
  LearningRateSettings settings_;
  std::int64_t n_update_;
  double best_loss_ = 0.0;
  /// Updates since the lowest loss or the last reduction; -1: no loss yet.
  std::int64_t since_best_ = -1;
  double plateau_scale_ = 1.0;
};

}  // namespace jpo
