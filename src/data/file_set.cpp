#include "data/file_set.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/errors.hpp"
#include "core/machine.hpp"
#include "parallel/broadcast.hpp"
#include "parallel/machine_ranks.hpp"

namespace jpo {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLargest = 1e100;  // sums of squares of such numbers are finite

[[noreturn]] void refuse(const DataSettings& settings, const std::string& what) {
  throw BadInput(fmt::format("key 'data.file' = \"{}\": {}", settings.file, what));
}

void check_width(const DataSettings& settings, const std::string& table, std::int64_t found,
                 std::int64_t expected, const std::string& meaning) {
  if (found != expected)
    refuse(settings,
           fmt::format("/problems/{}: found {} values per problem; expected {}: the model's {}",
                       table, found, expected, meaning));
}

std::string gigabytes(double bytes) {
  return fmt::format("{:.1f} GB", 1e-9 * bytes);
}

// Throws on all ranks if the values of a machine's ranks exceed the memory available there.
// Collective.
void check_memory(const DataSettings& settings, double local_bytes, MPI_Comm comm) {
  double needed = local_bytes;
  const auto machine = ranks_of_machine(comm);
  MPI_OK(MPI_Allreduce(MPI_IN_PLACE, &needed, 1, MPI_DOUBLE, MPI_SUM, machine.get()));
  const double available = available_memory();
  const std::string refusal = first_text(
      needed <= available
          ? ""
          : fmt::format("{} problems: found {} of values for one machine; expected at most {}, "
                        "its available memory; allowed: more machines, or a smaller "
                        "data.n_problem",
                        settings.n_problem, gigabytes(needed), gigabytes(available)),
      comm);
  if (!refusal.empty()) refuse(settings, refusal);
}

bool can_be_used(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::abs(value) < kLargest; });
}

// Replaces rows of NaN by the centre. Throws on all ranks if a start is outside the bounds.
// Collective.
void complete_starts(const DataSettings& settings, const ParameterSpace& space,
                     ProblemSet& problems, MPI_Comm comm) {
  std::string refusal;
  const auto starts = problems.start.write();
  for (std::int64_t row = 0; row < problems.start.n_problem(); ++row) {
    const auto m = starts.row(row);
    if (std::ranges::all_of(m, [](double value) { return std::isnan(value); }))
      std::ranges::copy(space.centre, m.begin());
    for (std::size_t k = 0; k < m.size() && refusal.empty(); ++k)
      if (!(m[k] >= space.lower[k] && m[k] <= space.upper[k]) || std::isinf(m[k]))
        refusal = fmt::format(
            "/problems/start: found {:g} for {} of problem {}; expected a number from {:g} to "
            "{:g}, or a row of NaN for the default start",
            m[k], space.names[k], problems.first_id + row, space.lower[k], space.upper[k]);
  }
  refusal = first_text(std::move(refusal), comm);
  if (!refusal.empty()) refuse(settings, refusal);
}

void find_usable(ProblemSet& problems) {
  const auto y = problems.observation.read();
  const auto c = problems.context.read();
  for (std::int64_t row = 0; row < problems.observation.n_problem(); ++row) {
    const bool has_observation = can_be_used(y.row(row));
    const bool has_context = can_be_used(c.row(row));
    if (!has_observation) problems.bad_observation.push_back(row);
    if (!has_context) problems.bad_context.push_back(row);
    if (has_observation && has_context) problems.usable.push_back(row);
  }
}

}  // namespace

ProblemFileSizes check_problem_file(const DataSettings& settings, const ModelShape& shape,
                                    MPI_Comm comm) {
  const ProblemFileSizes sizes = inspect_problem_file(settings.file, comm);
  check_width(settings, "observation", sizes.n_observation, shape.observation.size(),
              "observation");
  check_width(settings, "context", sizes.n_context, shape.context.size(), "context");
  if (sizes.n_parameter > 0)
    check_width(settings, "truth", sizes.n_parameter, shape.parameters.size(), "parameters");
  if (sizes.n_start > 0)
    check_width(settings, "start", sizes.n_start, shape.parameters.size(), "parameters");
  if (settings.n_problem > sizes.n_problem)
    throw BadInput(
        fmt::format("key 'data.n_problem' = {}: {} has {} problems; allowed: 1 to {}, or omit the "
                    "key to use all problems",
                    settings.n_problem, settings.file, sizes.n_problem, sizes.n_problem));
  return sizes;
}

ProblemSet read_problems(const DataSettings& settings, const Shard& shard, const ModelShape& shape,
                         MPI_Comm comm) {
  const ProblemFileSizes sizes = check_problem_file(settings, shape, comm);
  const std::int64_t n = shard.n_local_problem();
  const auto width = static_cast<double>(shape.observation.size() + shape.context.size() +
                                         shape.parameters.size() + 1);
  check_memory(settings, static_cast<double>(n) * width * sizeof(double), comm);
  ProblemSet problems;
  problems.first_id = shard.first_problem();
  problems.n_global = shard.n_problem();
  problems.n_in_file = sizes.n_problem;
  problems.context = Batch(n, shape.context.size(), shape.space);
  problems.observation = Batch(n, shape.observation.size(), shape.space);
  problems.has_truth = sizes.n_parameter > 0;
  problems.has_floor = problems.has_truth || sizes.has_floor;
  problems.truth = Batch(n, shape.parameters.size());
  problems.truth.fill(kNaN);
  problems.has_start = sizes.n_start > 0;
  problems.start = centres(n, shape.parameters);
  problems.floor.assign(static_cast<std::size_t>(n), kNaN);
  {
    const auto y = problems.observation.write();
    const auto c = problems.context.write();
    const auto truth = problems.truth.write();
    ProblemRows rows{problems.first_id, n, y.values(), c.values(), {}, {}, {}};
    const auto start = problems.start.write();
    if (problems.has_start) rows.start = start.values();
    if (problems.has_truth) rows.truth = truth.values();
    if (sizes.has_floor) rows.floor = problems.floor;
    read_problem_rows(settings.file, rows, comm);
  }
  complete_starts(settings, shape.parameters, problems, comm);
  find_usable(problems);
  return problems;
}

}  // namespace jpo
