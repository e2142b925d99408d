#pragma once
// Predictions for a run of a deck: memory of a rank and sizes of files. No function here is
// collective.

#include <string>

#include "deck/deck.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// Memory on the host of a rank that has work, without the program and its libraries [bytes].
struct MemoryNeed {
  /// Problems and answers.
  double problems = 0.0;
  /// States of the problems that are solved at once; 0 if they are on a device.
  double states = 0.0;
  /// Weights of the networks with their gradients, moments and sums.
  double weights = 0.0;
  /// Simulated pairs (m, y) that a method keeps.
  double pairs = 0.0;
  /// Recorded evaluations (loss and gradient) of suspended solves, which checkpoints store.
  double recorded = 0.0;
  double total() const { return problems + states + weights + pairs + recorded; }
};
/// Predicts the memory of the rank with the most problems when n_rank ranks run the deck.
MemoryNeed predict_memory(const Deck& deck, const ModelShape& shape, int n_rank);

/// Returns the largest number of problems that a rank solves at once: parallel.solve_batch, or, if
/// that is 0, 16 on the host and on a device the number that fits into 80 % of its free memory. The
/// rest of it is for the layers of the network.
std::int64_t problems_at_once(const Deck& deck, const ModelShape& shape, int n_rank);
/// Predicts the memory on the device of a rank [bytes] if solve_batch problems are solved at once:
/// states, all problems and answers, weights. The activations of the network are not included.
double predict_device_memory(const Deck& deck, const ModelShape& shape, int n_rank,
                             std::int64_t solve_batch);
/// Returns the largest solve_batch that fits into `room` bytes of a device, a multiple of the block
/// of states; 0 if not even one block fits.
std::int64_t most_on_device(const Deck& deck, const ModelShape& shape, int n_rank, double room);

/// Sizes of files [bytes]. They are right within a factor of two if problems or weights dominate;
/// the sizes of histories and example states are upper estimates.
struct FileNeed {
  double result = 0.0;
  /// The largest checkpoint.
  double checkpoint = 0.0;
};
/// Predicts the sizes of the files that a run of the deck writes.
FileNeed predict_files(const Deck& deck, const ModelShape& shape);

/// Formats a number of bytes: "1.5 GB".
std::string bytes_text(double bytes);

}  // namespace jpo
