#include "driver/output/examples.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"

namespace jpo {
namespace {

// Chooses the problems at the three quartiles of the misfit at the start.
std::vector<std::int64_t> choose_problems(const Job& job) {
  const std::vector<double> loss = gather_rows(job.loss_at_centre(), job.comm());
  std::vector<std::int64_t> ids;
  for (std::size_t id = 0; id < loss.size(); ++id)
    if (std::isfinite(loss[id])) ids.push_back(static_cast<std::int64_t>(id));
  if (ids.empty()) return ids;
  std::ranges::sort(ids, [&](std::int64_t a, std::int64_t b) {
    return std::pair(loss[a], a) < std::pair(loss[b], b);
  });
  std::vector<std::int64_t> chosen;
  for (const std::size_t quarter : {1U, 2U, 3U})
    chosen.push_back(ids[(ids.size() - 1) * quarter / 4]);
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

// The owner solves its local `row` at m if m is finite, and broadcasts the states. Collective.
Trajectory share_trajectory(Job& job, int owner, std::int64_t row, const Batch& m) {
  Trajectory trajectory;
  const int rank = mpi::rank(job.comm());
  const auto is_finite = [](double value) { return std::isfinite(value); };
  if (rank == owner && std::ranges::all_of(m.read().row(row), is_finite)) {
    const ModelShape& shape = job.shape();
    Batch c_one(1, shape.context.size(), shape.space);
    Batch m_one(1, shape.parameters.size(), shape.space);
    Batch y_one(1, shape.observation.size(), shape.space);
    std::ranges::copy(job.problems().context.read().row(row), c_one.write().row(0).begin());
    std::ranges::copy(m.read().row(row), m_one.write().row(0).begin());
    std::array<SolveStatus, 1> status{};
    job.model().solve(c_one, m_one, y_one, status);
    trajectory = job.model().trajectory(0);
  }
  std::array<std::int64_t, 2> size = {static_cast<std::int64_t>(trajectory.time.size()),
                                      trajectory.n_grid};
  MPI_OK(MPI_Bcast(size.data(), 2, MPI_INT64_T, owner, job.comm()));
  MPI_OK(MPI_Bcast(&trajectory.length, 1, MPI_DOUBLE, owner, job.comm()));
  trajectory.n_grid = size[1];
  trajectory.time.resize(size[0]);
  trajectory.states.resize(size[0] * size[1]);
  MPI_OK(
      MPI_Bcast(trajectory.time.data(), static_cast<int>(size[0]), MPI_DOUBLE, owner, job.comm()));
  MPI_OK(MPI_Bcast(trajectory.states.data(), static_cast<int>(size[0] * size[1]), MPI_DOUBLE, owner,
                   job.comm()));
  return trajectory;
}

void write_trajectory(ResultFile& file, const std::string& group, const std::string& name,
                      const Trajectory& trajectory, const TrajectoryLabels& labels) {
  const std::string dataset = group + "/" + name;
  file.replicated(dataset, {static_cast<std::int64_t>(trajectory.time.size()), trajectory.n_grid},
                  trajectory.states, {labels.state_unit, "state [time, grid point] at " + name});
  file.attribute(dataset, "name", labels.state);
}

}  // namespace

void write_examples(ResultFile& file, Job& job) {
  const TrajectoryLabels& labels = job.shape().trajectory;
  for (const std::int64_t id : choose_problems(job)) {
    const int owner = job.shard().owner(id);
    const std::int64_t row = id - job.shard().first_problem();
    const std::string group = fmt::format("/examples/{}", id);
    Trajectory last;
    const auto write = [&](const std::string& owner_group, const std::string& name,
                           const Batch& m) {
      const Trajectory states = share_trajectory(job, owner, row, m);
      if (states.time.empty()) return;
      write_trajectory(file, owner_group, name, states, labels);
      last = states;
    };
    write(group, "truth", job.problems().truth);
    for (std::size_t k = 0; k < job.results().size(); ++k)
      write(group + "/methods", job.deck().methods[k].name, job.results()[k].parameters);
    if (last.time.empty()) return;
    file.replicated(group + "/time", {std::ssize(last.time)}, last.time,
                    {labels.time_unit, "time of each row of the states"});
    file.attribute(group + "/time", "name", "t");
    file.attribute(group, "length", last.length);
    file.attribute(group, "axis_name", labels.axis);
    file.attribute(group, "axis_units", labels.axis_unit);
  }
}

}  // namespace jpo
