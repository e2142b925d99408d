#include "inverse/fault.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <thread>
#include <utility>

#include <petscsys.h>

#include "core/checks.hpp"
#include "core/errors.hpp"

namespace jpo {
namespace {

// Infinite, because the effect of a large finite value could vanish in a model whose response
// decays.
constexpr double kBlowUp = std::numeric_limits<double>::infinity();

constexpr std::array<std::pair<const char*, Fault>, 5> kFaults = {
    {{"blow_up", Fault::blow_up},
     {"not_finite", Fault::not_finite},
     {"petsc_error", Fault::petsc_error},
     {"slow", Fault::slow},
     {"mask", Fault::mask}}};

std::vector<std::string> fault_names() {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kFaults) names.emplace_back(name);
  return names;
}

Fault fault_of(const std::string& name) {
  return std::ranges::find(kFaults, name, [](const auto& entry) { return entry.first; })->second;
}

SolveStatus solve_with_petsc_error() {
  try {
    PETSC(PetscError(PETSC_COMM_SELF, __LINE__, __func__, __FILE__, PETSC_ERR_LIB,
                     PETSC_ERROR_INITIAL, "injected by [fault]"));
  } catch (const std::exception&) {
    return SolveStatus::solver_failed;
  }
  return SolveStatus::converged;
}

}  // namespace

void FaultSettings::describe(KeyTable& table) {
  table.add("problems", &problems,
            {.doc = "global ids of the problems that fail; none by default", .min = 0});
  table.add(
      "kind", &kind,
      {.doc = "blow_up: the input of the model is infinite; not_finite: the model returns NaN; "
              "petsc_error: PETSc reports an error; slow: the solve takes slow_seconds longer; "
              "mask: the problem is neither solved nor counted",
       .allowed = fault_names()});
  table.add(
      "first_evaluation", &first_evaluation,
      {.doc = "index (from 0) of the first evaluation that fails, counted per problem and method",
       .min = 0});
  table.add("last_evaluation", &last_evaluation,
            {.doc = "index of the last evaluation that fails", .min = 0});
  table.add(
      "slow_seconds", &slow_seconds,
      {.doc = "slow: additional time of each evaluation", .unit = "s", .min = 0, .max = 3600});
}

void FaultSettings::check() const {
  if (last_evaluation < first_evaluation)
    throw BadInput("key 'fault.last_evaluation': must not be less than 'fault.first_evaluation'");
}

FaultPlan::FaultPlan(const FaultSettings& settings, std::int64_t first_id, std::int64_t n_problem)
    : is_active_(!settings.problems.empty()),
      kind_(fault_of(settings.kind)),
      slow_seconds_(settings.slow_seconds),
      first_evaluation_(settings.first_evaluation),
      last_evaluation_(settings.last_evaluation) {
  if (!is_active_) return;
  chosen_.resize(n_problem);
  n_evaluation_.resize(n_problem);
  for (const std::int64_t id : settings.problems)
    if (id >= first_id && id < first_id + n_problem) chosen_[id - first_id] = 1;
}

Fault FaultPlan::next(std::int64_t row) {
  if (!is_active_) return Fault::none;
  const std::int64_t evaluation = n_evaluation_[row]++;
  const bool now = evaluation >= first_evaluation_ && evaluation <= last_evaluation_;
  return chosen_[row] != 0 && now ? kind_ : Fault::none;
}

void FaultPlan::begin(std::span<const std::int64_t> rows, std::span<std::uint8_t> is_masked) {
  faults_.resize(rows.size());
  for (std::size_t slot = 0; slot < rows.size(); ++slot) {
    faults_[slot] = next(rows[slot]);
    if (faults_[slot] == Fault::mask) is_masked[slot] = 1;
  }
}

bool FaultPlan::has_fault(const SolvedProblems& solved) const {
  return std::ranges::any_of(solved.slots,
                             [this](std::int64_t slot) { return faults_[slot] != Fault::none; });
}

void FaultPlan::before_solve(const SolvedProblems& solved, Batch& m) {
  if (!has_fault(solved)) return;
  const auto m_rows = m.write();
  for (std::size_t k = 0; k < solved.slots.size(); ++k) {
    const Fault fault = faults_[solved.slots[k]];
    if (fault == Fault::blow_up) std::ranges::fill(m_rows.row(k), kBlowUp);
    if (fault == Fault::slow)
      std::this_thread::sleep_for(std::chrono::duration<double>(slow_seconds_));
  }
}

void FaultPlan::after_solve(const SolvedProblems& solved, Batch& y, std::span<SolveStatus> status) {
  if (!has_fault(solved)) return;
  const auto y_rows = y.write();
  for (std::size_t k = 0; k < solved.slots.size(); ++k) {
    const Fault fault = faults_[solved.slots[k]];
    if (fault == Fault::not_finite)
      std::ranges::fill(y_rows.row(k), std::numeric_limits<double>::quiet_NaN());
    if (fault == Fault::petsc_error) status[k] = solve_with_petsc_error();
  }
}

}  // namespace jpo
