#pragma once
// What the bank's networks learn from: pairs (y, c) -> m whose m is known, none of which costs a
// solve.
//
//   answers      (y_i, c_i) -> the best m of problem i, the more often the surer it looks solved
//   simulations  (F(m), c_i) + noise -> m for points m that solves of problem i have visited: true
//                whether or not they solved it, and already paid for

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "training/training_set.hpp"

namespace jpo {

class BankPairs : public TrainingSet {
 public:
  /// Keeps at most `n_simulation` points a problem, the recent ones more often (0: none), for
  /// `n_network` networks.
  BankPairs(const Task& task, std::int64_t n_simulation, std::int64_t n_network);

  /// The network that never learns from problem `row`: its id modulo n_network.
  std::int64_t held_out_by(std::int64_t row) const { return task_.global_id(row) % n_network_; }

  /// A solve of `row` has visited m and seen y. Points farther than 5 scales from the centre are
  /// not kept.
  void visit(std::int64_t row, std::span<const double> m, std::span<const double> y);

  /// From now on begin(update) draws for network k, from all problems but those that it holds out:
  /// `weight` [n_local_problem] in [0, 1] is the chance of a problem's answer.
  void teach(std::int64_t k, const Batch& answers, std::span<const double> weight);

  void archive(StateArchive& archive, const std::string& name) override;
  void begin(std::int64_t update) override;
  const Batch& observation() const override { return observation_; }
  const Batch& context() const override { return task_.objective.problems().context; }
  std::span<const std::int64_t> usable() const override { return usable_; }
  /// 0.5 sum ((N - m) / scale)^2.
  void evaluate(std::int64_t update, std::span<const std::int64_t> rows, Batch& m,
                MethodResult& result, Evaluation& evaluation) override;
  double evaluation_cost() const override { return 0.0; }

 private:
  bool is_far(std::span<const double> m) const;
  bool draw_pair(std::int64_t row, std::int64_t update);

  const Task& task_;
  std::int64_t n_simulation_;
  std::int64_t n_network_;
  /// Of the draws: each network has its own.
  std::string purpose_;
  const Batch* answers_ = nullptr;
  std::span<const double> weight_;
  std::vector<std::int64_t> rows_, usable_;
  /// Of this update [n_local_problem, n_observation]
  Batch observation_;
  /// Its m [n_local_problem, n_parameter]
  Batch target_;
  /// n_simulation rows a problem.
  Batch visited_m_, visited_y_;
  /// By problem, ever.
  std::vector<std::int64_t> n_visited_;
};

}  // namespace jpo
