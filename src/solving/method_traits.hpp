#pragma once
#include <cstdint>

namespace jpo {

/// Evaluations of suspended solves that a method records for checkpoints.
struct RecordedEvaluations {
  /// Largest number of live solves of a rank.
  std::int64_t solves = 0;
  /// Largest number of evaluations of each.
  std::int64_t evaluations = 0;
};

/// Needs of a method that follow from its settings, for checks and memory estimates before a run.
struct MethodTraits {
  /// True if the method trains networks of the deck's [network].
  bool trains_network = false;
  /// Number of networks in memory at the same time, if it trains any.
  std::int64_t n_network = 1;
  /// True if the method needs tangent solves of the model.
  bool uses_tangent = false;
  /// True if its best answers are in the memory of the model, false if they are on the host.
  bool keeps_answers_with_model = false;
  /// Number of pairs (m, y) per problem that it keeps besides the problem itself, and whether they
  /// are in the memory of the model.
  std::int64_t n_kept_pair = 0;
  bool keeps_pairs_with_model = false;
  RecordedEvaluations recorded{};
};

}  // namespace jpo
