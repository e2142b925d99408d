#include "driver/output/results.hpp"

#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/session/session.hpp"
#include "deck/key_attributes.hpp"
#include "deck/settings_text.hpp"
#include "driver/build.hpp"
#include "driver/output/examples.hpp"
#include "driver/output/screen.hpp"
#include "driver/reference.hpp"
#include "io/result_file.hpp"

namespace jpo {
namespace {

// 2: judgements of the answers, /problems/reference.
constexpr std::int64_t kSchemaVersion = 2;

void write_root(ResultFile& file, const Job& job, const RunRecord& record) {
  const Build build = this_build();
  file.attribute("/", "schema_version", kSchemaVersion);
  file.attribute("/", "jpo_version", jpo_version());
  file.attribute("/", "git_revision", build.git_revision);
  file.attribute("/", "code_hash", build.code_hash);
  file.attribute("/", "builds", record.builds);
  file.attribute("/", "deck", job.deck().resolved);
  file.attribute("/", "command", record.command);
  file.attribute("/", "n_rank", static_cast<std::int64_t>(mpi::size(job.comm())));
  file.attribute("/", "started", record.started);
  file.attribute("/", "failed_fraction", failed_fraction(job));
  if (record.is_incomplete) file.attribute("/", "incomplete", std::int64_t{1});
  if (!record.variant.empty()) file.attribute("/", "variant", record.variant);
  for (const auto& [name, version] : all_versions())
    file.attribute("/", name + "_version", version);
}

void write_layout(ResultFile& file, const std::string& group, const std::string& field,
                  const FieldLayout& layout) {
  file.attribute(group, field + "_channels", layout.n_channel);
  file.attribute(group, field + "_grid", layout.n_grid);
}

// Writes the source of the problems and their hash, which shows later whether they have changed.
void write_source(ResultFile& file, const Job& job) {
  const auto& data = job.deck().section<DataSettings>("data");
  file.attribute("/problems", "source", data.source);
  if (data.from_file()) file.attribute("/problems", "file", data.file);
  file.attribute("/problems", "hash", hash_problems(job.problems(), job.comm()));
  file.attribute("/problems", "inverse_crime", std::int64_t{data.inverse_crime});
}

void write_problems(ResultFile& file, const Job& job, const RowRange& rows) {
  const ModelShape& shape = job.shape();
  const ProblemSet& problems = job.problems();
  file.table("/problems/observation", rows, shape.observation.size(),
             problems.observation.read().values(),
             {shape.observation.unit, "observation y: " + shape.observation.description});
  file.table("/problems/context", rows, shape.context.size(), problems.context.read().values(),
             {shape.context.unit, "context c: " + shape.context.description});
  const std::string parameters =
      fmt::format("{} [{}]", shortened(shape.parameters.names), shortened(shape.parameters.units));
  if (problems.has_start)
    file.table("/problems/start", rows, shape.parameters.size(), problems.start.read().values(),
               {"see description", "first start of the methods: " + parameters});
  if (problems.has_truth)
    file.table("/problems/truth", rows, shape.parameters.size(), problems.truth.read().values(),
               {"see description",
                "true parameters, from which the observation was computed: " + parameters});
  if (problems.has_floor)
    file.column("/problems/floor", rows, job.floor(), {"1", "misfit at the truth"});
  if (reference_kind(job.deck(), shape) != ReferenceKind::none)
    file.column("/problems/reference", rows, job.reference(),
                {"1", "reference misfit: " + reference_text(job.deck(), shape)});
  file.column(
      "/problems/loss_at_centre", rows, job.loss_at_centre(),
      {"1",
       "misfit at the start of most methods (the centre of the box, or that of the data file)"});
  write_layout(file, "/problems", "observation", shape.observation);
  write_layout(file, "/problems", "context", shape.context);
  write_source(file, job);
}

void write_history(ResultFile& file, const std::string& group, const History& history) {
  const auto n = static_cast<std::int64_t>(history.entries.size());
  if (n == 0) return;
  std::vector<double> values;
  for (const History::Column& column : History::columns()) {
    values.clear();
    for (const History::Entry& entry : history.entries) values.push_back(entry.*column.value);
    file.replicated(group + "/" + column.name, {n}, values, {"1", column.description});
  }
  values.clear();
  for (const History::Entry& entry : history.entries)
    values.insert(values.end(), entry.loss_quantiles.begin(), entry.loss_quantiles.end());
  file.replicated(group + "/loss_quantiles", {n, 5}, values,
                  {"1", "5, 25, 50, 75, 95 % quantiles of the best misfits so far"});
}

std::vector<std::pair<std::string, std::int8_t>> outcome_names() {
  std::vector<std::pair<std::string, std::int8_t>> names;
  for (int k = 0; k <= static_cast<int>(Outcome::masked); ++k)
    names.emplace_back(outcome_name(static_cast<Outcome>(k)), static_cast<std::int8_t>(k));
  return names;
}

template <class Enum>
std::vector<std::int8_t> as_bytes(const std::vector<Enum>& values) {
  std::vector<std::int8_t> bytes;
  for (const Enum value : values) bytes.push_back(static_cast<std::int8_t>(value));
  return bytes;
}

void write_judgement(ResultFile& file, const std::string& group, const Judgement& judgement,
                     const RowRange& rows) {
  file.enum_table(group + "/solved", rows, as_bytes(judgement.solved), verdict_names(),
                  {"1",
                   "whether the misfit is at most reference + 1e-3 max(reference, 1e-3 median "
                   "of loss_at_centre), or the model's own criterion"});
  file.enum_table(group + "/fitted", rows, as_bytes(judgement.fitted), verdict_names(),
                  {"1", "whether chi2 is at most 1 + 3 sqrt(2 / n_observation)"});
  file.column(group + "/chi2", rows, judgement.chi2,
              {"1", "mean squared residual of the answer in units of the variance of the noise"});
  file.column(group + "/prior_part", rows, judgement.prior_part,
              {"1", "prior part of the misfit of the answer"});
  file.column(group + "/parameter_error", rows, judgement.parameter_error,
              {"1", "root mean square over the parameters of (answer - truth) / scale"});
  file.column(group + "/evaluations", rows, judgement.evaluations,
              {"1",
               "gradient evaluations, including those of the methods that provided the "
               "starts"});
  file.column(group + "/evaluations_to_solved", rows, judgement.evaluations_to_solved,
              {"1", "evaluations until the problem was solved; NaN if it was not"});
}

void write_method(ResultFile& file, const Job& job, std::size_t k, const RowRange& rows) {
  const MethodDeck& method = job.deck().methods[k];
  const MethodResult& result = job.results()[k];
  const std::string group = "/methods/" + method.name;
  file.table(group + "/parameters", rows, job.shape().parameters.size(),
             result.parameters.read().values(),
             {"see /problems/truth", "best parameters found for each problem"});
  file.column(group + "/loss", rows, result.loss, {"1", "misfit at these parameters"});
  file.enum_table(group + "/reason", rows, as_bytes(result.reason), stop_reason_names(),
                  {"1", "reason why the method ended its work on the problem"});
  file.enum_table(group + "/last_failure", rows, as_bytes(result.last_failure), outcome_names(),
                  {"1", "outcome of the last evaluation that failed; ok: none failed"});
  file.column(group + "/failed_evaluations", rows, result.failed_evaluations,
              {"1", "number of evaluations that failed"});
  file.column(
      group + "/forward_solves", rows, result.ledger.forward,
      {"1", "number of forward solves; a solve over a part of the horizon counts as that part"});
  file.column(
      group + "/adjoint_solves", rows, result.ledger.adjoint,
      {"1", "number of adjoint solves; a solve over a part of the horizon counts as that part"});
  file.column(
      group + "/tangent_solves", rows, result.ledger.tangent,
      {"1", "number of tangent solves; a solve over a part of the horizon counts as that part"});
  file.attribute(group, "seconds", result.seconds);
  file.attribute(group, "kind", method.kind);
  file.attribute(group, "from", start_method(method));
  write_history(file, group + "/history", result.history);
}

// Writes the shapes of the network's inputs and the box of its outputs. A prediction on problems
// with another box needs the box of the training.
void write_network_shape(ResultFile& file, const std::string& group, const NetworkShape& shape) {
  const ParameterSpace& space = shape.parameters;
  const std::vector<std::int64_t> size = {space.size()};
  file.strings(group + "/parameters", space.names,
               {"1", "names of the outputs, which are parameters"});
  file.replicated(group + "/lower", size, space.lower,
                  {"see parameters", "lower bounds of the outputs"});
  file.replicated(group + "/upper", size, space.upper,
                  {"see parameters", "upper bounds of the outputs"});
  file.replicated(group + "/centre", size, space.centre,
                  {"see parameters",
                   "centre of the box; for an unbounded parameter, the value at network output 0"});
  file.replicated(
      group + "/scale", size, space.scale,
      {"see parameters",
       "scale of the parameters; for an unbounded one, the change per unit of network output"});
  write_layout(file, group, "observation", shape.observation);
  write_layout(file, group, "context", shape.context);
  file.attribute(group, "observation_periodic", std::int64_t{shape.observation.periodic});
  file.attribute(group, "context_periodic", std::int64_t{shape.context.periodic});
  file.attribute(group, "micro_batch", shape.micro_batch);
}

void write_network(ResultFile& file, const std::string& name, const TrainedNetwork& network) {
  const std::string group = "/network/" + name;
  const auto size = [](const auto& values) {
    return std::vector<std::int64_t>{static_cast<std::int64_t>(values.size())};
  };
  file.replicated(group + "/weights", size(network.weights), network.weights,
                  {"1", "all weights, layer by layer in the order of layers"});
  file.replicated(group + "/input_mean", size(network.normalization.mean),
                  network.normalization.mean, {"1", "mean of each normalized input"});
  file.replicated(group + "/input_deviation", size(network.normalization.deviation),
                  network.normalization.deviation,
                  {"1", "standard deviation of each normalized input"});
  file.strings(group + "/layers", network.layers,
               {"1", "name and shape of each layer, in the order of weights"});
  file.attribute(group, "hash", fmt::format("{:016x}", network.hash));
  write_network_shape(file, group, network.shape);
  NetworkSettings settings = network.settings;
  file.attribute(group, "settings", settings_text(settings));
}

void write_phases(ResultFile& file, const std::string& dataset,
                  const std::array<double, n_phase>& local, MPI_Comm comm) {
  std::vector<double> seconds;
  for (const PhaseRow& row : reduce_phases(local, comm))
    seconds.insert(seconds.end(), {row.min, row.mean, row.max});
  file.replicated(dataset, {n_phase, 3}, seconds,
                  {"s", "time of each phase: min, mean, max over ranks"});
}

void write_history_seconds(ResultFile& file, Job& job) {
  for (std::size_t k = 0; k < job.results().size(); ++k) {
    std::vector<double> seconds;
    for (const History::Entry& entry : job.results()[k].history.entries)
      seconds.push_back(entry.seconds);
    if (seconds.empty()) continue;
    file.replicated(
        "/performance/history/" + job.deck().methods[k].name, {std::ssize(seconds)}, seconds,
        {"s",
         "time since the start of the method, for each row of its history; of single solves: the "
         "share of the whole time that their evaluations have"});
  }
}

void write_performance(ResultFile& file, Job& job, const std::vector<Judgement>& judgements,
                       const RowRange& rows) {
  std::vector<std::string> names;
  for (int phase = 0; phase < n_phase; ++phase)
    names.emplace_back(phase_name(static_cast<Phase>(phase)));
  file.strings("/performance/phase", names, {"1", "names of the phases of the time measurement"});
  for (std::size_t k = 0; k < job.results().size(); ++k)
    write_phases(file, "/performance/methods/" + job.deck().methods[k].name,
                 job.results()[k].phases, job.comm());
  for (std::size_t k = 0; k < judgements.size(); ++k)
    file.column("/performance/seconds_to_solved/" + job.deck().methods[k].name, rows,
                judgements[k].seconds_to_solved,
                {"s",
                 "time until the problem was solved, with the methods that provided the "
                 "starts; NaN if it was not"});
  write_history_seconds(file, job);
  write_phases(file, "/performance/seconds", job.timer().seconds(), job.comm());
}

}  // namespace

std::vector<LibraryVersion> all_versions() {
  std::vector<LibraryVersion> versions = core_versions();
  versions.push_back(network_library_version());
  versions.push_back(io_library_version());
  versions.push_back({"processor", processor_name()});
  return versions;
}

std::string time_stamp() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

void write_results(Job& job, const std::vector<Judgement>& judgements, const RunRecord& record) {
  const auto scope = job.timer().scope(Phase::io);
  const RowRange rows{job.shard().first_problem(), job.shard().n_local_problem(),
                      job.shard().n_problem()};
  ResultFile file(job.deck().section<RunSettings>("run").output_path(), record.overwrite,
                  job.comm());
  write_root(file, job, record);
  write_problems(file, job, rows);
  std::string order;
  for (std::size_t k = 0; k < job.results().size(); ++k) {
    const std::string& name = job.deck().methods[k].name;
    write_method(file, job, k, rows);
    write_judgement(file, "/methods/" + name, judgements[k], rows);
    const std::optional<TrainedNetwork>& network = job.results()[k].network;
    if (network) write_network(file, name, *network);
    order += (k > 0 ? "," : "") + name;
  }
  file.attribute("/methods", "order", order);
  write_examples(file, job);
  write_performance(file, job, judgements, rows);
  file.commit();
}

}  // namespace jpo
