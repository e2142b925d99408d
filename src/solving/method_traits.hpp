#pragma once
#include <cstdint>

namespace jpo {

/// Evaluations that a method records of its live solves, for checkpoints.
struct RecordedEvaluations {
  /// Live solves of a rank, at most.
  std::int64_t solves = 0;
  /// Evaluations of each, at most.
  std::int64_t evaluations = 0;
};

/// What a method needs, known from its settings alone: for checks and memory estimates before a
/// run.
struct MethodTraits {
  /// It trains networks of the deck's [network].
  bool trains_network = false;
  /// Networks that it holds at a time, if it trains any.
  std::int64_t n_network = 1;
  /// It needs the model's tangent solves.
  bool uses_tangent = false;
  /// Its best answers are kept in the memory of the model, not on the host.
  bool keeps_answers_with_model = false;
  /// Pairs (m, y) of each problem that it keeps, besides the problem itself, and whether these are
  /// in the memory of the model.
  std::int64_t n_kept_pair = 0;
  bool keeps_pairs_with_model = false;
  RecordedEvaluations recorded{};
};

}  // namespace jpo
