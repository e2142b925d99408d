#include "driver/footprint.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "data/problem_set.hpp"
#include "driver/deck_checks.hpp"
#include "driver/job.hpp"
#include "driver/reference.hpp"
#include "solving/per_problem/lockstep.hpp"

namespace jpo {
namespace {

constexpr double kNumber = sizeof(double);
// Bytes of the groups, names and attributes of a method, and of the file.
constexpr double kLabels = 8e3;
// Bytes of a history with 100 entries.
const double kHistory = 100.0 * static_cast<double>(History::numbers_per_entry()) * kNumber;

MethodTraits traits_of(const MethodDeck& method) {
  return method_entry(method.kind).traits(*method.settings);
}

// The largest needs of all methods, which run one after the other.
struct Largest {
  /// Simulated pairs per problem.
  std::int64_t pairs = 0;
  /// Simulated pairs per problem in the memory space of the model.
  std::int64_t pairs_with_model = 0;
  std::int64_t networks = 1;
  /// Recorded evaluations of all suspended solves of a rank with `local` problems [numbers].
  double recorded = 0.0;
  /// Recorded evaluations of one suspended solve [numbers].
  double recorded_per_solve = 0.0;
};

Largest largest_of(const Deck& deck, const ModelShape& shape, double local) {
  Largest largest;
  std::vector<MethodTraits> needs;
  for (const MethodDeck& method : deck.methods) needs.push_back(traits_of(method));
  if (reference_kind(deck, shape) == ReferenceKind::solve) needs.push_back(reference_traits(deck));
  for (const MethodTraits& traits : needs) {
    largest.pairs = std::max(largest.pairs, traits.n_kept_pair);
    if (traits.keeps_pairs_with_model)
      largest.pairs_with_model = std::max(largest.pairs_with_model, traits.n_kept_pair);
    largest.networks = std::max(largest.networks, traits.n_network);
    const double of_one = static_cast<double>(traits.recorded.evaluations) *
                          static_cast<double>(Lockstep::n_recorded(shape.parameters.size()));
    largest.recorded_per_solve = std::max(largest.recorded_per_solve, of_one);
    largest.recorded = std::max(
        largest.recorded, std::min(local, static_cast<double>(traits.recorded.solves)) * of_one);
  }
  return largest;
}

double pair_bytes(const ModelShape& shape) {
  return static_cast<double>(shape.observation.size() + shape.parameters.size()) * kNumber;
}

// Bytes of a problem (y, c and truth) and of its answers.
double problem_bytes(const ModelShape& shape) {
  return static_cast<double>(shape.observation.size() + shape.context.size() +
                             shape.parameters.size() +
                             MethodResult::numbers_per_problem(shape.parameters.size())) *
         kNumber;
}

// Number of problems of the rank with the most problems.
std::int64_t local_problems(const Deck& deck, int n_rank) {
  const std::int64_t useful = max_useful_ranks(deck);
  const std::int64_t busy = std::min<std::int64_t>(n_rank, useful);
  return (useful + busy - 1) / busy * deck.section<ParallelSettings>("parallel").micro_batch;
}

// Bytes of the weights with their gradients, moments and sums.
double weight_bytes(const Deck& deck, const ModelShape& shape) {
  return static_cast<double>(count_weights(deck, shape) * largest_of(deck, shape, 0.0).networks) *
         kNumbersPerWeight * kNumber;
}

}  // namespace

MemoryNeed predict_memory(const Deck& deck, const ModelShape& shape, int n_rank) {
  const auto local = static_cast<double>(local_problems(deck, n_rank));
  const auto block = static_cast<double>(shape.state_block);
  const bool on_host = shape.space == MemorySpace::host;
  const double solved = on_host ? static_cast<double>(problems_at_once(deck, shape, n_rank)) : 0.0;
  const Largest largest = largest_of(deck, shape, local);
  const double start_bytes = static_cast<double>(shape.parameters.size()) * kNumber;
  return {local * (problem_bytes(shape) + start_bytes),
          std::ceil(solved / block) * block * shape.state_bytes + shape.fixed_bytes,
          weight_bytes(deck, shape), local * pair_bytes(shape) * static_cast<double>(largest.pairs),
          largest.recorded * kNumber};
}

std::int64_t problems_at_once(const Deck& deck, const ModelShape& shape, int n_rank) {
  constexpr std::int64_t on_host = 16;
  constexpr double share = 0.8;
  const std::int64_t local = local_problems(deck, n_rank);
  const std::int64_t wanted = deck.section<ParallelSettings>("parallel").solve_batch;
  if (wanted > 0) return std::min(local, wanted);
  if (shape.space == MemorySpace::host) return std::min(local, on_host);
  const std::int64_t most = most_on_device(deck, shape, n_rank, share * cuda_device_room());
  return std::min(local, std::max(most, shape.state_block));
}

double predict_device_memory(const Deck& deck, const ModelShape& shape, int n_rank,
                             std::int64_t solve_batch) {
  const bool keeps_tangents = std::ranges::any_of(
      deck.methods, [](const MethodDeck& method) { return traits_of(method).uses_tangent; });
  const double states = shape.state_bytes + (keeps_tangents ? shape.tangent_bytes : 0.0);
  // Numbers per problem: y and its cotangent or tangent, c, m and the gradient.
  const auto row = static_cast<double>(2 * shape.observation.size() + shape.context.size() +
                                       2 * shape.parameters.size()) *
                   kNumber;
  const std::int64_t n_block = (solve_batch + shape.state_block - 1) / shape.state_block;
  const auto local = static_cast<double>(local_problems(deck, n_rank));
  const Largest largest = largest_of(deck, shape, 0.0);
  // The bank copies one pair per problem to the device in each update.
  const std::int64_t pairs = std::max<std::int64_t>(largest.pairs_with_model, largest.pairs > 0);
  const auto answers = static_cast<double>(2 * std::ssize(deck.methods) * shape.parameters.size());
  return static_cast<double>(n_block * shape.state_block) * (states + row) +
         local * (problem_bytes(shape) + answers * kNumber +
                  pair_bytes(shape) * static_cast<double>(pairs)) +
         weight_bytes(deck, shape);
}

std::int64_t most_on_device(const Deck& deck, const ModelShape& shape, int n_rank, double room) {
  const double none = predict_device_memory(deck, shape, n_rank, 0);
  const double block = predict_device_memory(deck, shape, n_rank, shape.state_block) - none;
  return static_cast<std::int64_t>(std::max(0.0, (room - none) / block)) * shape.state_block;
}

FileNeed predict_files(const Deck& deck, const ModelShape& shape) {
  const auto n = static_cast<double>(deck.section<DataSettings>("data").n_problem);
  const auto n_method = static_cast<double>(deck.methods.size());
  const auto n_parameter = static_cast<double>(shape.parameters.size());
  const double problem =
      pair_bytes(shape) + static_cast<double>(shape.context.size() + 2) * kNumber;
  const double answer = (n_parameter + 6.0) * kNumber;
  const double weights = static_cast<double>(count_weights(deck, shape)) * kNumber;
  const auto n_network = static_cast<double>(std::ranges::count_if(
      deck.methods, [](const MethodDeck& method) { return traits_of(method).trains_network; }));
  // The states of three problems at the truth and at the answer of each method.
  const double examples = 3.0 * (1.0 + n_method) * shape.state_bytes;
  FileNeed need;
  need.result = kLabels + n * problem + n_network * weights + examples +
                n_method * (n * answer + kHistory + kLabels);
  // Results and networks of the finished methods; weights with two moments, answers, starts and
  // pairs of the running method.
  const Largest largest = largest_of(deck, shape, n);
  need.checkpoint = kLabels + n_method * (n * 2.0 * answer + kHistory + kLabels) +
                    (n_network + 3.0 * static_cast<double>(largest.networks)) * weights +
                    n * pair_bytes(shape) * static_cast<double>(largest.pairs) +
                    n * largest.recorded_per_solve * kNumber;
  return need;
}

std::string bytes_text(double bytes) {
  constexpr std::array units = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t k = 0;
  for (; bytes >= 1000.0 && k + 1 < units.size(); ++k) bytes /= 1000.0;
  return fmt::format("{:.1f} {}", bytes, units[k]);
}

}  // namespace jpo
