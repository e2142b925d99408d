#pragma once
// The history of solvers that solve each problem separately: the best loss of each problem after 1,
// 2, 3, 4, 6, 8, 12, ... gradient evaluations of that problem.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/device/state_archive.hpp"

namespace jpo {

class LossCourse {
 public:
  /// Makes an object that records nothing.
  LossCourse() = default;
  /// For `n_problem` problems of this rank with at most `max_evaluations` evaluations each.
  LossCourse(std::int64_t n_problem, double max_evaluations);

  /// Returns the counts of evaluations; empty if nothing is recorded.
  std::span<const double> evaluations() const { return evaluations_; }
  /// Records the best loss of problem `row` after `n_evaluation` evaluations.
  void record(std::int64_t row, double n_evaluation, double best_loss);
  /// Deletes the records of one problem, whose solve starts again.
  void restart(std::int64_t row);
  /// Returns the best loss of each problem after at most evaluations()[k] evaluations; NaN if there
  /// is none.
  std::vector<double> best_after(std::size_t k) const;
  /// Writes or reads the records of `n_problem` problems. An object that records nothing can read
  /// the records of one that does.
  void archive(StateArchive& archive, const std::string& name, std::int64_t n_problem);

 private:
  std::vector<double> evaluations_;
  /// [n_problem, evaluations_.size()], NaN if not recorded.
  std::vector<double> best_;
};

}  // namespace jpo
