#include "data/problem_set.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/errors.hpp"
#include "core/hash.hpp"
#include "core/phase_timer.hpp"
#include "core/random.hpp"

namespace jpo {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void draw(ProblemSet& problems, std::uint64_t run_seed, const ForwardModel& model) {
  const auto c = problems.context.write();
  const auto m = problems.truth.write();
  for (std::int64_t row = 0; row < problems.truth.n_problem(); ++row)
    model.sample(stream_seed(run_seed, "problem", "", problems.first_id + row), c.row(row),
                 m.row(row));
}

// Computes the observations of rows [first, first + n) with one model call.
void observe(ProblemSet& problems, std::int64_t first, std::int64_t n, ForwardModel& model) {
  const MemorySpace space = model.shape().space;
  Batch c(n, problems.context.n_component(), space);
  Batch m(n, problems.truth.n_component(), space);
  Batch y(n, problems.observation.n_component(), space);
  const auto copy_rows = [&](const Batch& from, std::int64_t from_row, Batch& to,
                             std::int64_t to_row) {
    const auto source = from.read();
    const auto target = to.write();
    for (std::int64_t k = 0; k < n; ++k)
      std::ranges::copy(source.row(from_row + k), target.row(to_row + k).begin());
  };
  copy_rows(problems.context, first, c, 0);
  copy_rows(problems.truth, first, m, 0);
  const auto start = std::chrono::steady_clock::now();
  model.solve(c, m, y,
              std::span(problems.draw_status)
                  .subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n)));
  own_progress().finish_call(seconds_since(start));
  copy_rows(y, 0, problems.observation, first);
}

// Collects the usable rows. Observations of the other rows are set to NaN, because a model does not
// define the values of a row that did not converge.
void mark_failed(ProblemSet& problems) {
  const auto y = problems.observation.write();
  for (std::int64_t row = 0; row < problems.observation.n_problem(); ++row) {
    if (problems.draw_status[row] == SolveStatus::converged)
      problems.usable.push_back(row);
    else
      std::ranges::fill(y.row(row), kNaN);
  }
}

void add_noise(ProblemSet& problems, std::uint64_t run_seed, double deviation) {
  if (deviation == 0.0) return;
  const auto y = problems.observation.write();
  for (std::int64_t row = 0; row < problems.observation.n_problem(); ++row) {
    RandomStream stream(stream_seed(run_seed, "noise", "", problems.first_id + row));
    for (double& value : y.row(row)) value += deviation * stream.normal();
  }
}

}  // namespace

void DataSettings::describe(KeyTable& table) {
  table.add("source", &source,
            {.doc = "source of the problems; generate: random draws from the model's prior; file: "
                    "the tables of /problems in data.file",
             .allowed = {"generate", "file"}});
  table.add("file", &file,
            {.doc = "path of an HDF5 file with the problems, in the layout of a result file: "
                    "/problems/observation, context, start, truth and floor, the last three if "
                    "they are known; the problems belong to the identity of a run, but not this "
                    "path",
             .is_path = true,
             .affects_result = false});
  table.add("n_problem", &n_problem,
            {.doc = "number of problems; with a file, its first problems are used, or all of them "
                    "if the deck does not have this key",
             .min = 1,
             .max = 1e12});
  table.add("noise", &noise,
            {.doc = "standard deviation of the Gaussian noise of the observations; added to "
                    "generated observations, but not to those of a file, which contain it",
             .unit = "unit of the observation",
             .min = 0});
  table.add("inverse_crime", &inverse_crime,
            {.doc = "true: the observations come from the discretization used for the inversion, "
                    "which can fit them up to the noise; false: they come from a finer "
                    "discretization or from measurements"});
  table.add("reference", &reference,
            {.doc = "reference misfit of a problem, which decides whether an answer is solved. "
                    "solve: the lowest misfit of a TAO solve that starts at the truth; its cost is "
                    "counted to no method; truth: the misfit at the truth; none: no reference; "
                    "auto: solve if the misfit has a prior part or a problem has more than 16 "
                    "parameters, otherwise truth",
             .allowed = {"auto", "solve", "truth", "none"}});
  table.add("reference_evaluations", &reference_evaluations,
            {.doc = "reference solves: largest number of gradient evaluations per problem",
             .min = 1,
             .max = 1e9});
}

void DataSettings::check() const {
  if (from_file() && file.empty())
    throw BadInput(
        "key 'data.file': missing; allowed if data.source = \"file\": the path of an HDF5 file");
  if (!from_file() && !file.empty())
    throw BadInput(
        fmt::format("key 'data.file' = \"{}\": data.source = \"{}\" reads no file; allowed: "
                    "data.source = \"file\", or no data.file",
                    file, source));
}

ProblemSet generate_problems(const DataSettings& settings, std::uint64_t run_seed,
                             const Shard& shard, std::int64_t solve_batch, ForwardModel& model) {
  const ModelShape& shape = model.shape();
  const std::int64_t n = shard.n_local_problem();
  ProblemSet problems;
  problems.first_id = shard.first_problem();
  problems.n_global = shard.n_problem();
  problems.context = Batch(n, shape.context.size(), shape.space);
  problems.observation = Batch(n, shape.observation.size(), shape.space);
  problems.truth = Batch(n, shape.parameters.size());
  problems.start = centres(n, shape.parameters);
  problems.floor.assign(static_cast<std::size_t>(n), kNaN);
  problems.draw_status.resize(n);
  draw(problems, run_seed, model);
  for (std::int64_t first = 0; first < n; first += solve_batch)
    observe(problems, first, std::min(solve_batch, n - first), model);
  mark_failed(problems);
  add_noise(problems, run_seed, settings.noise);
  return problems;
}

Batch centres(std::int64_t n, const ParameterSpace& space) {
  Batch start(n, space.size());
  const auto rows = start.write();
  for (std::int64_t row = 0; row < n; ++row) std::ranges::copy(space.centre, rows.row(row).begin());
  return start;
}

std::string hash_problems(const ProblemSet& problems, MPI_Comm comm) {
  const auto y = problems.observation.read();
  const auto c = problems.context.read();
  const auto m = problems.start.read();
  std::uint64_t sum = 0;  // modulo 2^64: the same in any order
  for (std::int64_t row = 0; row < problems.observation.n_problem(); ++row) {
    const std::int64_t id = problems.first_id + row;
    const std::uint64_t start = hash_values(std::span<const std::int64_t>(&id, 1));
    const std::uint64_t data = hash_values(c.row(row), hash_values(y.row(row), start));
    sum += problems.has_start ? hash_values(m.row(row), data) : data;
  }
  MPI_OK(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_UINT64_T, MPI_SUM, comm));
  return fmt::format("{:016x}", sum);
}

}  // namespace jpo
