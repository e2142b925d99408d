#include "training/bank/bank_pairs.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "training/parameter_fit.hpp"

namespace jpo {
namespace {

constexpr double kFar = 5.0;  // distance from the centre, in scales of the parameter

}  // namespace

BankPairs::BankPairs(const Task& task, std::int64_t n_simulation, std::int64_t n_network)
    : task_(task),
      n_simulation_(n_simulation),
      n_network_(n_network),
      observation_(task.objective.n_problem(), task.objective.shape().observation.size(),
                   task.objective.shape().space),
      target_(task.objective.n_problem(), task.objective.shape().parameters.size()),
      visited_m_(n_simulation * task.objective.n_problem(), target_.n_component()),
      visited_y_(n_simulation * task.objective.n_problem(), observation_.n_component()),
      n_visited_(static_cast<std::size_t>(task.objective.n_problem())) {}

// The first n_simulation points fill the slots; each later point replaces a random one.
void BankPairs::visit(std::int64_t row, std::span<const double> m, std::span<const double> y) {
  if (n_simulation_ == 0 || is_far(m)) return;
  const std::int64_t n = n_visited_[row]++;
  RandomStream stream = task_.stream("visit", n, row);
  const auto n_slot = static_cast<std::uint64_t>(n_simulation_);
  const std::int64_t slot =
      row * n_simulation_ +
      (n < n_simulation_ ? n : static_cast<std::int64_t>(stream.below(n_slot)));
  std::ranges::copy(m, visited_m_.write().row(slot).begin());
  const auto kept = visited_y_.write();
  std::ranges::copy(y, kept.row(slot).begin());
  if (task_.noise > 0.0)
    for (double& value : kept.row(slot)) value += task_.noise * stream.normal();
}

// A line search may overshoot far beyond the region of the answers.
bool BankPairs::is_far(std::span<const double> m) const {
  const ParameterSpace& space = task_.objective.shape().parameters;
  for (std::size_t j = 0; j < m.size(); ++j)
    if (std::abs(m[j] - space.centre[j]) > kFar * space.scale[j]) return true;
  return false;
}

void BankPairs::teach(std::int64_t k, const Batch& answers, std::span<const double> weight) {
  answers_ = &answers;
  purpose_ = fmt::format("pair {}", k);
  weight_ = weight;
  rows_.assign(task_.usable.begin(), task_.usable.end());
  std::erase_if(rows_, [&](std::int64_t row) { return held_out_by(row) == k; });
}

void BankPairs::archive(StateArchive& archive, const std::string& name) {
  archive.by_problem(name + "/m", visited_m_);
  archive.by_problem(name + "/y", visited_y_);
  archive.by_problem(name + "/n_visited", n_visited_);
}

void BankPairs::begin(std::int64_t update) {
  usable_.clear();
  for (const std::int64_t row : rows_)
    if (draw_pair(row, update)) usable_.push_back(row);
}

bool BankPairs::draw_pair(std::int64_t row, std::int64_t update) {
  const auto k = static_cast<std::size_t>(row);
  RandomStream stream = task_.stream(purpose_, update, row);
  const std::int64_t n_kept = std::min(n_visited_[k], n_simulation_);
  const double chance = n_kept > 0 ? 0.5 * weight_[k] : weight_[k];
  const auto y = observation_.write();
  const auto m = target_.write();
  if (stream.uniform() < chance) {
    std::ranges::copy(task_.objective.problems().observation.read().row(row), y.row(row).begin());
    std::ranges::copy(answers_->read().row(row), m.row(row).begin());
    return true;
  }
  if (n_kept == 0) return false;
  const std::int64_t slot =
      row * n_simulation_ +
      static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(n_kept)));
  std::ranges::copy(visited_y_.read().row(slot), y.row(row).begin());
  std::ranges::copy(visited_m_.read().row(slot), m.row(row).begin());
  return true;
}

void BankPairs::evaluate(std::int64_t /*update*/, std::span<const std::int64_t> rows, Batch& m,
                         MethodResult& /*result*/, Evaluation& evaluation) {
  fit_parameters(task_.objective.shape().parameters, rows, m, target_, evaluation);
}

}  // namespace jpo
