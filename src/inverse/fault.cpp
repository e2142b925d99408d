#include "inverse/fault.hpp"

#include "core/errors.hpp"

namespace jpo {

void FaultSettings::describe(KeyTable& table) {
  table.add("problems", &problems,
            {.doc = "global ids of the problems that fail on purpose; none by default", .min = 0});
  table.add(
      "kind", &kind,
      {.doc = "blow_up: the model is given an input that overflows; mask: the problem is left "
              "out, unsolved and uncounted",
       .allowed = {"blow_up", "mask"}});
  table.add(
      "first_evaluation", &first_evaluation,
      {.doc = "first evaluation of the problem, in each method, that fails (from 0)", .min = 0});
  table.add("last_evaluation", &last_evaluation, {.doc = "last evaluation that fails", .min = 0});
}

void FaultSettings::check() const {
  if (last_evaluation < first_evaluation)
    throw BadInput("key 'fault.last_evaluation' is before 'fault.first_evaluation'");
}

FaultPlan::FaultPlan(const FaultSettings& settings, std::int64_t first_id, std::int64_t n_problem)
    : active_(!settings.problems.empty()),
      kind_(settings.kind == "mask" ? Fault::mask : Fault::blow_up),
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

}  // namespace jpo
