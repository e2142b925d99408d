#include "driver/output/screen.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/log.hpp"
#include "core/random.hpp"
#include "core/session/session.hpp"
#include "core/statistics.hpp"
#include "driver/deck_checks.hpp"
#include "driver/footprint.hpp"
#include "driver/output/results.hpp"

namespace jpo {
namespace {

// What the table of methods knows of all problems, gathered on every rank.
struct Truths {
  /// Where none is known: the best misfit of all methods.
  std::vector<double> floor;
  /// Problems that have an answer, and no floor of their own.
  std::int64_t n_unknown;
  /// L_ref: median misfit at the centre.
  double reference;
};

Truths truths_of(const Job& job) {
  Truths truths{gather_rows(job.floor(), job.comm()), 0, job.loss_reference()};
  std::vector<double> best(truths.floor.size(), std::numeric_limits<double>::quiet_NaN());
  for (const MethodResult& result : job.results()) {
    const std::vector<double> loss = gather_rows(result.loss, job.comm());
    std::ranges::transform(best, loss, best.begin(),
                           [](double a, double b) { return std::fmin(a, b); });
  }
  for (std::size_t id = 0; id < best.size(); ++id) {
    if (std::isfinite(truths.floor[id])) continue;
    truths.floor[id] = best[id];
    truths.n_unknown += std::isfinite(best[id]) ? 1 : 0;
  }
  return truths;
}

// Solved: L <= floor + 1e-3 max(floor, 1e-3 L_ref).
std::int64_t count_solved(const std::vector<double>& loss, const Truths& truths) {
  std::int64_t solved = 0;
  for (std::size_t id = 0; id < loss.size(); ++id) {
    const double floor = truths.floor[id];
    solved += loss[id] <= floor + 1e-3 * std::max(floor, 1e-3 * truths.reference) ? 1 : 0;
  }
  return solved;
}

void show_method(const Job& job, std::size_t k, const Truths& truths) {
  const MethodResult& result = job.results()[k];
  const std::vector<double> loss = gather_rows(result.loss, job.comm());
  const std::vector<double> evaluations = job.evaluations(k);
  const std::vector<double> known = sorted_finite(loss);
  const auto n = static_cast<double>(loss.size());
  log_info("{:<20} {:>7.1f} {:>11.4g} {:>11.4g} {:>10.1f} {:>7.0f} {:>8.1f} {:>9.1f}",
           job.deck().methods[k].name, 100.0 * static_cast<double>(count_solved(loss, truths)) / n,
           mean(known), quantile(known, 0.5), mean(evaluations),
           *std::ranges::max_element(evaluations),
           100.0 * (n - static_cast<double>(known.size())) / n, result.seconds);
}

void show_phases(Job& job) {
  const auto rows = reduce_phases(job.timer().seconds(), job.comm());
  double total = 0.0;
  for (const PhaseRow& row : rows) total += row.mean;
  log_info("\n{:<12} {:>10} {:>10} {:>10} {:>8}", "phase", "min [s]", "mean [s]", "max [s]",
           "share");
  for (const PhaseRow& row : rows)
    if (row.max > 0.0005)
      log_info("{:<12} {:>10.3f} {:>10.3f} {:>10.3f} {:>7.1f}%", phase_name(row.phase), row.min,
               row.mean, row.max, 100.0 * row.mean / total);
}

void show_failures(const Job& job, std::size_t k) {
  std::vector<double> reasons;
  for (const StopReason reason : job.results()[k].reason)
    reasons.push_back(static_cast<double>(reason));
  std::map<int, int> count;
  for (const double reason : gather_rows(reasons, job.comm())) ++count[static_cast<int>(reason)];
  std::vector<std::string> parts;
  for (const auto& [name, value] : stop_reason_names())
    if (count[value] > 0) parts.push_back(fmt::format("{} {}", count[value], name));
  log_info("  {:<18} {}", job.deck().methods[k].name, fmt::join(parts, ", "));
}

}  // namespace

void show_header(MPI_Comm comm) {
  const int n_rank = mpi::size(comm);
  const char* threads = std::getenv("OMP_NUM_THREADS");
  log_info("jpo {} ({}), {} rank{} x 1 thread (OMP_NUM_THREADS {})", jpo_version(), git_revision(),
           n_rank, n_rank == 1 ? "" : "s", threads != nullptr ? threads : "not set");
  std::string line;
  for (const auto& [name, version] : all_versions())
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", name, version);
  log_info("{}", line);
}

void show_sizes(const Deck& deck, const ModelShape& shape, int n_rank, std::int64_t solve_batch) {
  const auto& data = deck.section<DataSettings>("data");
  const auto& parallel = deck.section<ParallelSettings>("parallel");
  log_info("model {}: {} parameters ({}), {} observations, {} context values a problem",
           deck.model_name, shape.parameters.size(), fmt::join(shape.parameters.names, ", "),
           shape.observation.size(), shape.context.size());
  if (shape.space == MemorySpace::device)
    log_info(
        "works on the CUDA devices of its ranks, rank 0 on {}, {} problems at once; sums travel {}",
        cuda_device_text(), solve_batch, transport_text(transport_kind(parallel)));
  else if (parallel.device == "cuda")
    log_info("works on the host: this model has no kernels for a device");
  const std::int64_t useful = max_useful_ranks(deck);
  log_info("{} problems{} in {} micro-batches of {}: at most {} ranks have work{}", data.n_problem,
           data.from_file() ? " of " + data.file : "", useful, parallel.micro_batch, useful,
           n_rank > useful ? fmt::format(", {} of yours have none", n_rank - useful) : "");
  const std::int64_t n_weight = count_weights(deck, shape);
  if (n_weight > 0)
    log_info("network {}: {} weights", deck.section<NetworkSettings>("network").name, n_weight);
  const MemoryNeed need = predict_memory(deck, shape, n_rank);
  const auto part = [](double bytes, const char* what) {
    return bytes > 0.0 ? fmt::format(", {} {}", bytes_text(bytes), what) : "";
  };
  log_info("memory a rank: {} problems and answers, {} states, {} weights and sums{}{}",
           bytes_text(need.problems), bytes_text(need.states), bytes_text(need.weights),
           part(need.pairs, "simulated pairs"), part(need.answers, "answers of live solves"));
  if (shape.recompute_factor > 1.0)
    log_info("states that do not fit are computed again: {:.2f} forward solves a gradient",
             shape.recompute_factor);
}

void show_device_room(const Deck& deck, ModelShape shape, int n_rank) {
  if (shape.space != MemorySpace::device) return;
  const auto& data = deck.section<DataSettings>("data");
  if (!data.inverse_crime && !data.from_file())
    shape.state_bytes =
        std::max(shape.state_bytes, make_model(deck, Resolution::data)->shape().state_bytes);
  const std::int64_t batch = problems_at_once(deck, shape, n_rank);
  const double need = predict_device_memory(deck, shape, n_rank, batch);
  const double room = cuda_device_room();
  const std::int64_t most = most_on_device(deck, shape, n_rank, room);
  log_info(
      "memory on the device: {} for the {} problems that a rank solves at once, {} are free for "
      "it: at most {} fit",
      bytes_text(need), batch, bytes_text(room), most);
  const auto& parallel = deck.section<ParallelSettings>("parallel");
  if (need > room && most > 0)
    warn("parallel.solve_batch = {} does not fit the device; allowed: at most {}",
         parallel.solve_batch, most);
  else if (need > room)
    warn("the problems of a rank do not fit its device; allowed: more ranks, or fewer problems");
  constexpr std::int64_t few = 256;
  if (parallel.micro_batch < few && data.n_problem > parallel.micro_batch)
    log_info(
        "each micro-batch of {} is some hundred small launches: {} or more a micro-batch are "
        "faster on a device, and another result",
        parallel.micro_batch, few);
}

void show_problems(const Job& job) {
  const auto& data = job.deck().section<DataSettings>("data");
  const std::int64_t n = job.shard().n_problem();
  const std::int64_t n_failed = n - reduce_sum(std::ssize(job.problems().usable), job.comm());
  if (data.from_file()) {
    if (n_failed == 0)
      log_info("{} problems read from {}{}", n, data.file,
               n < job.problems().n_in_file
                   ? fmt::format(", the first of {}", job.problems().n_in_file)
                   : "");
    else
      warn(
          "{} of {} problems of {} have a value in observation or context that is no finite number "
          "(or above 1e100): no_observation, left out",
          n_failed, n, data.file);
  } else if (n_failed == 0) {
    log_info("all {} draws of the prior were solved", n);
  } else {
    warn("{} of {} draws of the prior did not solve: no observation, left out", n_failed, n);
  }
}

void show_results(Job& job) {
  const Truths truths = truths_of(job);
  log_info("\n{:<20} {:>7} {:>11} {:>11} {:>10} {:>7} {:>8} {:>9}", "method", "solved%", "mean L",
           "median L", "evals mean", "max", "failed%", "time [s]");
  for (std::size_t k = 0; k < job.results().size(); ++k) show_method(job, k, truths);
  if (truths.n_unknown > 0)
    log_info(
        "solved: of {} problems no misfit at the truth is known, the best of all methods stands "
        "for it",
        truths.n_unknown);
  log_info("\nwhy each method stopped:");
  for (std::size_t k = 0; k < job.results().size(); ++k) show_failures(job, k);
  show_phases(job);
}

double failed_fraction(const Job& job) {
  double worst = 0.0;
  for (const MethodResult& result : job.results()) {
    const std::vector<double> loss = gather_rows(result.loss, job.comm());
    const auto n = static_cast<double>(loss.size());
    worst = std::max(worst, (n - static_cast<double>(sorted_finite(loss).size())) / n);
  }
  return worst;
}

}  // namespace jpo
