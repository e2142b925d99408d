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
#include "core/session/environment.hpp"
#include "core/session/session.hpp"
#include "core/statistics.hpp"
#include "data/outliers.hpp"
#include "driver/deck_checks.hpp"
#include "driver/footprint.hpp"
#include "driver/output/results.hpp"
#include "driver/reference.hpp"

namespace jpo {
namespace {

// Returns the percentage of all problems as text; "-" if the verdict is unknown for all of them.
std::string share_text(const std::vector<Verdict>& verdicts, MPI_Comm comm) {
  const auto n = static_cast<double>(reduce_sum(std::ssize(verdicts), comm));
  const std::int64_t n_yes = reduce_sum(std::ranges::count(verdicts, Verdict::yes), comm);
  const std::int64_t n_known =
      reduce_sum(std::ssize(verdicts) - std::ranges::count(verdicts, Verdict::unknown), comm);
  return n_known == 0 ? "-" : fmt::format("{:.1f}", 100.0 * static_cast<double>(n_yes) / n);
}

// Returns `value` as text; "-" if it is NaN.
std::string number_text(double value, int digits = 1) {
  return std::isnan(value) ? "-" : fmt::format("{:.{}f}", value, digits);
}

void show_method(const Job& job, std::size_t k, const Judgement& judgement) {
  const std::vector<double> loss = gather_rows(job.results()[k].loss, job.comm());
  const std::vector<double> evaluations =
      sorted_finite(gather_rows(judgement.evaluations, job.comm()));
  const std::vector<double> known = sorted_finite(loss);
  const double error = finite_median(gather_rows(judgement.parameter_error, job.comm()));
  const auto n = static_cast<double>(loss.size());
  log_info(
      "{:<20} {:>7} {:>7} {:>10.4g} {:>10.4g} {:>7} {:>8.1f} {:>8.1f} {:>8.1f} {:>7.1f} {:>8.1f}",
      job.deck().methods[k].name, share_text(judgement.solved, job.comm()),
      share_text(judgement.fitted, job.comm()), mean(known), quantile(known, 0.5),
      std::isnan(error) ? "-" : fmt::format("{:.2g}", error), mean(evaluations),
      quantile(evaluations, 0.5), evaluations.empty() ? 0.0 : evaluations.back(),
      100.0 * (n - static_cast<double>(known.size())) / n, job.seconds(k));
}

void show_costs(const Job& job, const std::vector<Judgement>& judgements) {
  log_info("\ncost until a share of the problems is solved:");
  log_info("{:<20} {:>29} {:>30}", "", "gradient evaluations", "time [s]");
  log_info("{:<20} {:>9} {:>9} {:>9} {:>10} {:>9} {:>9}", "method", "50 %", "90 %", "95 %", "50 %",
           "90 %", "95 %");
  for (std::size_t k = 0; k < judgements.size(); ++k) {
    std::string evaluations;
    std::string seconds;
    for (const double share : kSolvedShares) {
      const CostToSolve cost = cost_to_solve(job, judgements[k], share);
      evaluations += fmt::format(" {:>9}", number_text(cost.evaluations));
      seconds += fmt::format(" {:>9}", number_text(cost.seconds, 2));
    }
    log_info("{:<20}{} {}", job.deck().methods[k].name, evaluations, seconds);
  }
}

// Explains the columns of the tables.
void show_legend(const Job& job) {
  log_info(
      "L: misfit of the answer; error: root mean square of (answer - truth) / scale over the "
      "parameters, median;\n"
      "evals: gradient evaluations per problem; evals and time include the methods that provided "
      "the starts;\n"
      "solved: L <= L0 + 1e-3 max(L0, 1e-3 Lc), L0 = {}, Lc = median misfit at the start;\n"
      "fitted: chi^2 per observation <= 1 + 3 sqrt(2 / n_observation); failed: problems without an "
      "answer",
      reference_text(job.deck(), job.shape()));
  const std::int64_t n_unknown = reduce_sum(
      std::ranges::count_if(job.solved_limit(), [](double limit) { return std::isnan(limit); }),
      job.comm());
  if (n_unknown > 0)
    log_info("{} of {} problems have no reference misfit; they do not count as solved", n_unknown,
             job.shard().n_problem());
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

constexpr std::size_t kFewIds = 5;

std::string ids_text(const std::vector<std::int64_t>& ids) {
  const auto n = static_cast<std::ptrdiff_t>(std::min(ids.size(), kFewIds));
  return fmt::format("problem{} {}{}", ids.size() == 1 ? "" : "s",
                     fmt::join(ids.begin(), ids.begin() + n, ", "),
                     ids.size() > kFewIds ? fmt::format(" and {} more", ids.size() - kFewIds) : "");
}

// Returns the ids of the problems without a valid row of a table; empty if there are none.
// Collective.
std::string left_out_text(const char* table, const std::vector<std::int64_t>& rows,
                          const Job& job) {
  std::vector<double> local;
  for (const std::int64_t row : rows)
    local.push_back(static_cast<double>(job.problems().first_id + row));
  const std::vector<double> all = gather_rows(local, job.comm());
  if (all.empty()) return "";
  return fmt::format("; /problems/{}: {}", table,
                     ids_text(std::vector<std::int64_t>(all.begin(), all.end())));
}

// Collective.
void warn_of_outliers(const char* table, const Batch& values, const FieldLayout& layout,
                      const Job& job) {
  const Outliers outliers = find_outliers(values, layout, job.problems(), job.comm());
  if (outliers.found.empty()) return;
  std::vector<std::int64_t> ids;
  for (const Outlier& outlier : outliers.found)
    if (ids.empty() || ids.back() != outlier.problem) ids.push_back(outlier.problem);
  const Outlier& first = outliers.found.front();
  warn(
      "/problems/{}: sample {} of problem {} is {:.3g}, more than {:g} times the usual size "
      "{:.3g}; "
      "such samples ruin the normalization of a network's inputs; mark a missing sample by NaN or "
      "by the attribute _FillValue; found in {}",
      table, first.sample, first.problem, first.value, kOutlierFactor, outliers.usual,
      ids_text(ids));
}

}  // namespace

void show_header(MPI_Comm comm) {
  const int n_rank = mpi::size(comm);
  const std::string threads = environment_value("OMP_NUM_THREADS");
  log_info("jpo {} ({}), {} rank{} x 1 thread (OMP_NUM_THREADS {})", jpo_version(), git_revision(),
           n_rank, n_rank == 1 ? "" : "s", threads.empty() ? "not set" : threads);
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
  if (reference_kind(deck, shape) == ReferenceKind::solve)
    lines.push_back(fmt::format(
        "reference: a solve from the truth of each problem, at most {} gradient evaluations, "
        "counted to no method (data.reference)",
        data.reference_evaluations));
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
          "{} of {} problems of {} have a value in observation or context that is missing, not "
          "finite or above 1e100; they are left out (reason no_observation){}{}",
          n_failed, n, data.file, left_out_text("observation", job.problems().bad_observation, job),
          left_out_text("context", job.problems().bad_context, job));
    warn_of_outliers("observation", job.problems().observation, job.shape().observation, job);
    warn_of_outliers("context", job.problems().context, job.shape().context, job);
  } else if (n_failed == 0) {
    log_info("{} problems generated from draws of the prior", n);
  } else {
    warn(
        "the model failed for {} of {} draws of the prior; these problems are left out (reason "
        "no_observation)",
        n_failed, n);
  }
}

void show_results(Job& job, const std::vector<Judgement>& judgements) {
  log_info("\n{:<20} {:>7} {:>7} {:>10} {:>10} {:>7} {:>26} {:>7} {:>8}", "", "solved", "fitted",
           "mean", "median", "", "gradient evaluations", "failed", "time");
  log_info("{:<20} {:>7} {:>7} {:>10} {:>10} {:>7} {:>8} {:>8} {:>8} {:>7} {:>8}", "method", "[%]",
           "[%]", "L", "L", "error", "mean", "median", "max", "[%]", "[s]");
  for (std::size_t k = 0; k < judgements.size(); ++k) show_method(job, k, judgements[k]);
  show_legend(job);
  show_costs(job, judgements);
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
