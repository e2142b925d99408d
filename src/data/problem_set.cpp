#include "data/problem_set.hpp"

#include <algorithm>
#include <limits>

#include "core/random.hpp"

namespace jpo {
namespace {

void draw(ProblemSet& problems, std::uint64_t run_seed, const ForwardModel& model) {
  const auto c = problems.context.write();
  const auto m = problems.truth.write();
  for (std::int64_t row = 0; row < problems.truth.n_problem(); ++row)
    model.sample(stream_seed(run_seed, "problem", "", problems.first_id + row), c.row(row),
                 m.row(row));
}

// y of rows [first, first + n) by one model call.
void observe(ProblemSet& problems, std::int64_t first, std::int64_t n, ForwardModel& model) {
  Batch c(n, problems.context.n_component());
  Batch m(n, problems.truth.n_component());
  Batch y(n, problems.observation.n_component());
  const auto copy_rows = [&](const Batch& from, std::int64_t from_row, Batch& to,
                             std::int64_t to_row) {
    const auto source = from.read();
    const auto target = to.write();
    for (std::int64_t k = 0; k < n; ++k)
      std::ranges::copy(source.row(from_row + k), target.row(to_row + k).begin());
  };
  copy_rows(problems.context, first, c, 0);
  copy_rows(problems.truth, first, m, 0);
  model.solve(c, m, y,
              std::span(problems.draw_status)
                  .subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n)));
  copy_rows(y, 0, problems.observation, first);
}

// The model may leave anything in a row that did not converge.
void spoil_failed(ProblemSet& problems) {
  const auto y = problems.observation.write();
  for (std::size_t k = 0; k < problems.draw_status.size(); ++k)
    if (problems.draw_status[k] != SolveStatus::converged)
      std::ranges::fill(y.row(static_cast<std::int64_t>(k)),
                        std::numeric_limits<double>::quiet_NaN());
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
            {.doc = "where the problems come from; generate: draws from the model's prior",
             .allowed = {"generate"}});
  table.add("n_problem", &n_problem, {.doc = "problems in the set", .min = 1, .max = 1e12});
  table.add("noise", &noise,
            {.doc = "deviation of the Gaussian noise added to the observations",
             .unit = "as the observation",
             .min = 0});
  table.add("inverse_crime", &inverse_crime,
            {.doc = "true: observations from the discretization that inverts them; false: from a "
                    "finer one"});
}

ProblemSet generate_problems(const DataSettings& settings, std::uint64_t run_seed,
                             const Shard& shard, std::int64_t solve_batch, ForwardModel& model) {
  const ModelShape& shape = model.shape();
  const std::int64_t n = shard.n_local_problem();
  ProblemSet problems;
  problems.first_id = shard.first_problem();
  problems.n_global = shard.n_problem();
  problems.context = Batch(n, shape.context.size());
  problems.observation = Batch(n, shape.observation.size());
  problems.truth = Batch(n, shape.parameters.size());
  problems.draw_status.resize(static_cast<std::size_t>(n));
  draw(problems, run_seed, model);
  for (std::int64_t first = 0; first < n; first += solve_batch)
    observe(problems, first, std::min(solve_batch, n - first), model);
  spoil_failed(problems);
  add_noise(problems, run_seed, settings.noise);
  return problems;
}

}  // namespace jpo
