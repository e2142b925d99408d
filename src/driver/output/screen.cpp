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

// Reference misfits of all problems, the same on every rank.
struct Truths {
  /// Misfit at the truth; if it is unknown, the best misfit of all methods. [global problem]
  std::vector<double> floor;
  /// Number of problems with an answer and an unknown misfit at the truth.
  std::int64_t n_unknown;
  /// L_ref: median misfit at the centre of the box.
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
  log_info("{:<20} {:>10.1f} {:>11.4g} {:>11.4g} {:>10.1f} {:>9.1f} {:>10.1f} {:>9.1f}",
           job.deck().methods[k].name, 100.0 * static_cast<double>(count_solved(loss, truths)) / n,
           mean(known), quantile(known, 0.5), mean(evaluations),
           *std::ranges::max_element(evaluations),
           100.0 * (n - static_cast<double>(known.size())) / n, job.seconds(k));
}

void show_phases(Job& job) {
  const auto rows = reduce_phases(job.timer().seconds(), job.comm());
  double total = 0.0;
  for (const PhaseRow& row : rows) total += row.mean;
  log_info("\ntime of each phase over the ranks:");
  log_info("{:<12} {:>10} {:>10} {:>10} {:>10}", "phase", "min [s]", "mean [s]", "max [s]",
           "share [%]");
  for (const PhaseRow& row : rows)
    if (row.max > 0.0005)
      log_info("{:<12} {:>10.3f} {:>10.3f} {:>10.3f} {:>10.1f}", phase_name(row.phase), row.min,
               row.mean, row.max, 100.0 * row.mean / total);
}

void show_reasons(const Job& job, std::size_t k) {
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

std::string memory_line(const MemoryNeed& need) {
  const auto part = [](double bytes, const char* name) {
    return bytes > 0.0 ? fmt::format(", {} {}", name, bytes_text(bytes)) : "";
  };
  return fmt::format(
      "memory per rank: predicted {} (problems and answers {}, states {}, weights and sums {}{}{})",
      bytes_text(need.total()), bytes_text(need.problems), bytes_text(need.states),
      bytes_text(need.weights), part(need.pairs, "simulated pairs"),
      part(need.recorded, "recorded evaluations"));
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

std::vector<std::string> sizes_text(const Deck& deck, const ModelShape& shape, int n_rank,
                                    std::int64_t solve_batch) {
  const auto& data = deck.section<DataSettings>("data");
  const auto& parallel = deck.section<ParallelSettings>("parallel");
  std::vector<std::string> lines;
  lines.push_back(
      fmt::format("model {}: {} parameters ({}), {} observations, {} context values per problem",
                  deck.model_name, shape.parameters.size(), shortened(shape.parameters.names),
                  shape.observation.size(), shape.context.size()));
  if (shape.space == MemorySpace::device)
    lines.push_back(fmt::format(
        "device: the model and the network run on the CUDA device of each rank (rank 0: {}, {} "
        "problems at once); all-reduce {}",
        cuda_device_text(), solve_batch, transport_text(transport_kind(parallel))));
  else if (parallel.device == "cuda")
    lines.emplace_back("device: not used, because this model has no kernels for a device");
  const std::int64_t useful = max_useful_ranks(deck);
  lines.push_back(fmt::format(
      "problems: {}{} in {} micro-batches of {}; at most {} ranks have work{}", data.n_problem,
      data.from_file() ? " of " + data.file : "", useful, parallel.micro_batch, useful,
      n_rank > useful ? fmt::format(", {} of {} ranks have none", n_rank - useful, n_rank) : ""));
  const std::int64_t n_weight = count_weights(deck, shape);
  if (n_weight > 0)
    lines.push_back(fmt::format("network {}: {} weights",
                                deck.section<NetworkSettings>("network").name, n_weight));
  lines.push_back(memory_line(predict_memory(deck, shape, n_rank)));
  if (shape.recompute_factor > 1.0)
    lines.push_back(fmt::format(
        "adjoint: the model recomputes some states to save memory; a gradient costs {:.2f} forward "
        "solves in addition to the adjoint solve",
        shape.recompute_factor));
  return lines;
}

std::vector<std::string> device_memory_text(const Deck& deck, ModelShape shape, int n_rank) {
  if (shape.space != MemorySpace::device) return {};
  const auto& data = deck.section<DataSettings>("data");
  if (!data.inverse_crime && !data.from_file())
    shape.state_bytes =
        std::max(shape.state_bytes, make_model(deck, Resolution::data)->shape().state_bytes);
  const std::int64_t batch = problems_at_once(deck, shape, n_rank);
  const double need = predict_device_memory(deck, shape, n_rank, batch);
  const double room = cuda_device_room();
  const std::int64_t most = most_on_device(deck, shape, n_rank, room);
  std::vector<std::string> lines = {fmt::format(
      "memory on the device: predicted {} per rank with {} problems at once; free {} per rank, "
      "enough for at most {} problems at once",
      bytes_text(need), batch, bytes_text(room), most)};
  const auto& parallel = deck.section<ParallelSettings>("parallel");
  if (need > room && most > 0)
    warn(
        "parallel.solve_batch = {} does not fit into the memory of the device; allowed: at most {}",
        parallel.solve_batch, most);
  else if (need > room)
    warn(
        "the problems of a rank do not fit into the memory of its device; allowed: more ranks, or "
        "fewer problems");
  constexpr std::int64_t few = 256;
  if (parallel.micro_batch < few && data.n_problem > parallel.micro_batch)
    lines.push_back(fmt::format(
        "parallel.micro_batch = {}: {} or more are faster on a device, because each micro-batch "
        "needs some hundred kernel launches; the result depends on this key",
        parallel.micro_batch, few));
  return lines;
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
          "{} of {} problems of {} have a value in observation or context that is not finite or "
          "above 1e100; they are left out (reason no_observation)",
          n_failed, n, data.file);
  } else if (n_failed == 0) {
    log_info("{} problems generated from draws of the prior", n);
  } else {
    warn(
        "the model failed for {} of {} draws of the prior; these problems are left out (reason "
        "no_observation)",
        n_failed, n);
  }
}

void show_results(Job& job) {
  const Truths truths = truths_of(job);
  log_info("\n{:<20} {:>10} {:>11} {:>11} {:>10} {:>9} {:>10} {:>9}", "method", "solved [%]",
           "mean L", "median L", "mean evals", "max evals", "failed [%]", "time [s]");
  for (std::size_t k = 0; k < job.results().size(); ++k) show_method(job, k, truths);
  log_info(
      "L: misfit of the answer; evals: gradient evaluations per problem; evals and time include "
      "the methods that provided the starts;\n"
      "solved: L <= L0 + 1e-3 max(L0, 1e-3 Lc), L0 = misfit at the truth, Lc = median misfit at "
      "the centre of the box;\n"
      "failed: problems without an answer");
  if (truths.n_unknown > 0)
    log_info(
        "solved: the misfit at the truth is unknown for {} problems; using the best misfit of all "
        "methods",
        truths.n_unknown);
  log_info("\nnumber of problems by stop reason:");
  for (std::size_t k = 0; k < job.results().size(); ++k) show_reasons(job, k);
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
