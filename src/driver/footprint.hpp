#pragma once
// What a run of a deck will need, before it starts: memory of a rank, size of its files. Nothing
// here is collective.

#include <string>

#include "deck/deck.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// Memory on the host of a rank that has work [bytes], besides the program and its libraries.
struct MemoryNeed {
  /// And answers.
  double problems = 0.0;
  /// Of the problems that are solved at once; 0 where a device has them.
  double states = 0.0;
  /// Of the networks, with their gradients, moments and sums.
  double weights = 0.0;
  /// Simulated pairs that a method keeps.
  double pairs = 0.0;
  /// Of live solves, kept for checkpoints.
  double answers = 0.0;
  double total() const { return problems + states + weights + pairs + answers; }
};
MemoryNeed predict_memory(const Deck& deck, const ModelShape& shape, int n_rank);

/// Problems that a rank solves at once, at most: as the deck says, or 16 on the host, and what fits
/// into four fifths of what is free on a device (the network's layers need some, too).
std::int64_t problems_at_once(const Deck& deck, const ModelShape& shape, int n_rank);
/// Memory on a rank's device [bytes] where solve_batch problems are solved at once: states, all
/// problems and answers, weights. What the network's layers compute is not in it.
double predict_device_memory(const Deck& deck, const ModelShape& shape, int n_rank,
                             std::int64_t solve_batch);
/// The largest solve_batch, in whole blocks of states, that fits `room` bytes of a device; 0 where
/// no block does.
std::int64_t most_on_device(const Deck& deck, const ModelShape& shape, int n_rank, double room);

/// Sizes of files [bytes], within a factor of two where problems or weights fill them: histories
/// and pictures are guessed, rather too large.
struct FileNeed {
  double result = 0.0;
  /// Of the largest one.
  double checkpoint = 0.0;
};
FileNeed predict_files(const Deck& deck, const ModelShape& shape);

/// "1.5 GB".
std::string bytes_text(double bytes);

}  // namespace jpo
