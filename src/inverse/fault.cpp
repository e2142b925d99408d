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

// A large finite value could fade out in the model (an envelope).
constexpr double kBlowUp = std::numeric_limits<double>::infinity();

constexpr std::array<std::pair<const char*, Fault>, 5> kKinds = {
    {{"blow_up", Fault::blow_up},
     {"not_finite", Fault::not_finite},
     {"petsc_error", Fault::petsc_error},
     {"slow", Fault::slow},
     {"mask", Fault::mask}}};

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kKinds) names.emplace_back(name);
  return names;
}

Fault kind_of(const std::string& name) {
  return std::ranges::find(kKinds, name, [](const auto& entry) { return entry.first; })->second;
}

}  // namespace

void FaultSettings::describe(KeyTable& table) {
  table.add("problems", &problems,
            {.doc = "global ids of the problems that fail on purpose; none by default", .min = 0});
  table.add(
      "kind", &kind,
      {.doc = "blow_up: the model is given an input that overflows; not_finite: it gives back NaN; "
              "petsc_error: PETSc reports an error; slow: the solve takes slow_seconds longer; "
              "mask: the problem is left out, unsolved and uncounted",
       .allowed = kind_names()});
  table.add(
      "first_evaluation", &first_evaluation,
      {.doc = "first evaluation of the problem, in each method, that fails (from 0)", .min = 0});
  table.add("last_evaluation", &last_evaluation, {.doc = "last evaluation that fails", .min = 0});
  table.add("slow_seconds", &slow_seconds,
            {.doc = "slow: of each evaluation", .unit = "s", .min = 0, .max = 3600});
}

void FaultSettings::check() const {
  if (last_evaluation < first_evaluation)
    throw BadInput("key 'fault.last_evaluation' is before 'fault.first_evaluation'");
}

FaultPlan::FaultPlan(const FaultSettings& settings, std::int64_t first_id, std::int64_t n_problem)
    : active_(!settings.problems.empty()),
      kind_(kind_of(settings.kind)),
      slow_seconds_(settings.slow_seconds),
      first_evaluation_(settings.first_evaluation),
      last_evaluation_(settings.last_evaluation) {
  if (!active_) return;
  chosen_.resize(static_cast<std::size_t>(n_problem));
  evaluation_.resize(chosen_.size());
  for (const std::int64_t id : settings.problems)
    if (id >= first_id && id < first_id + n_problem)
      chosen_[static_cast<std::size_t>(id - first_id)] = 1;
}

Fault FaultPlan::next(std::int64_t row) {
  if (!active_) return Fault::none;
  const auto k = static_cast<std::size_t>(row);
  const std::int64_t evaluation = evaluation_[k]++;
  const bool now = evaluation >= first_evaluation_ && evaluation <= last_evaluation_;
  return chosen_[k] != 0 && now ? kind_ : Fault::none;
}

void FaultPlan::meet_before(Fault fault, std::span<double> m) const {
  if (fault == Fault::blow_up) std::ranges::fill(m, kBlowUp);
  if (fault == Fault::slow)
    std::this_thread::sleep_for(std::chrono::duration<double>(slow_seconds_));
}

void FaultPlan::meet_after(Fault fault, std::span<double> y, SolveStatus& status) {
  if (fault == Fault::not_finite) std::ranges::fill(y, std::numeric_limits<double>::quiet_NaN());
  if (fault != Fault::petsc_error) return;
  try {
    PETSC(PetscError(PETSC_COMM_SELF, __LINE__, __func__, __FILE__, PETSC_ERR_LIB,
                     PETSC_ERROR_INITIAL, "planted by [fault]"));
  } catch (const std::exception&) {
    status = SolveStatus::solver_failed;
  }
}

}  // namespace jpo
