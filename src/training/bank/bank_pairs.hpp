#pragma once
// Training data of the bank's networks: pairs (y, c) -> m with known m. No pair costs a solve.
//
//   answers      (y_i, c_i) -> the best m of problem i, drawn with the weight of the problem
//                (bank_weights.hpp)
//   simulations  (F(m) + noise, c_i) -> m for points m that solves of problem i have visited. Such
//                a pair is correct even if the solve failed, and F(m) has already been computed.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "training/training_set.hpp"

namespace jpo {

class BankPairs : public TrainingSet {
 public:
  /// Pairs for `n_network` networks. At most `n_simulation` visited points per problem are kept;
  /// recent points are more likely to be among them. 0: none are kept.
  BankPairs(const Task& task, std::int64_t n_simulation, std::int64_t n_network);

  /// Index of the network that is never trained on local problem `row`: its global id modulo
  /// n_network.
  std::int64_t held_out_by(std::int64_t row) const { return task_.global_id(row) % n_network_; }

  /// Records a point m of a solve of local problem `row`, with y = F(m) [n_observation]; noise is
  /// added to y. Ignores points with a component more than 5 scales from the centre.
  void visit(std::int64_t row, std::span<const double> m, std::span<const double> y);

  /// From now on begin(update) draws pairs for network k, from all problems that it does not hold
  /// out. `weight` [n_local_problem] in [0, 1] is the probability that the target of a problem is
  /// its best answer; it is halved if the problem has visited points, which are the other targets.
  /// Refers to `answers` and `weight`.
  void teach(std::int64_t k, const Batch& answers, std::span<const double> weight);

  void archive(StateArchive& archive, const std::string& name) override;
  void begin(std::int64_t update) override;
  const Batch& observation() const override { return observation_; }
  const Batch& context() const override { return task_.objective.problems().context; }
  std::span<const std::int64_t> usable() const override { return usable_; }
  /// Loss 0.5 sum ((m - m of the pair) / scale)^2.
  void evaluate(std::int64_t update, std::span<const std::int64_t> rows, Batch& m,
                MethodResult& result, Evaluation& evaluation) override;
  double evaluation_cost() const override { return 0.0; }

 private:
  bool is_far(std::span<const double> m) const;
  bool draw_pair(std::int64_t row, std::int64_t update);

  const Task& task_;
  std::int64_t n_simulation_;
  std::int64_t n_network_;
  /// Name of the random streams of the draws; each network has its own.
  std::string purpose_;
  const Batch* answers_ = nullptr;
  std::span<const double> weight_;
  std::vector<std::int64_t> rows_, usable_;
  /// y of the pairs of this update [n_local_problem, n_observation].
  Batch observation_;
  /// m of the pairs of this update [n_local_problem, n_parameter].
  Batch target_;
  /// Kept points: n_simulation rows per problem.
  Batch visited_m_, visited_y_;
  /// Number of visited points of each problem, including those that were replaced.
  std::vector<std::int64_t> n_visited_;
};

}  // namespace jpo
