// Per-problem TAO from another method's answer, or from several one after the other.

#include "methods/method.hpp"
#include "solving/rounds.hpp"
#include "solving/tao_starts.hpp"

namespace jpo {
namespace {

struct RefineSettings : TaoSettings {
  std::string from;
  std::int64_t starts = 1;
  bool rest = true;
  double rest_deviations = kRestDeviations;
  void describe(KeyTable& table) override {
    table.add(
        "from", &from,
        {.doc = "name of the earlier method whose answers are the starts; a problem without one "
                "starts at the centre",
         .required = true,
         .earlier_method = EarlierMethod::start});
    table.add("starts", &starts,
              {.doc = "starts a problem, one after the other, the best answer counts: the earlier "
                      "method's best answer, then its snapshots, newest first; max_evaluations is "
                      "for all of them",
               .min = 1,
               .max = 1000,
               .answer_count = AnswerCount::used});
    table.add(
        "rest", &rest,
        {.doc = "true: a problem whose misfit is down at what the noise leaves is not tried "
                "from its other starts (only where data.inverse_crime is true: else that level is "
                "not known)"});
    table.add("rest_deviations", &rest_deviations, rest_deviations_rule());
    TaoSettings::describe(table);
  }
};

MethodResult solve_refine(const Settings& settings, const Task& task) {
  const auto& refine = dynamic_cast<const RefineSettings&>(settings);
  const MethodResult& earlier = task.earlier(refine.from);
  std::vector<const Batch*> starts = {&earlier.parameters};
  for (auto snapshot = earlier.snapshots.rbegin();
       snapshot != earlier.snapshots.rend() && std::ssize(starts) < refine.starts; ++snapshot)
    starts.push_back(&*snapshot);
  return solve_from(
      refine, task, starts,
      refine.rest ? task.attainable.solved_below(refine.rest_deviations) : kNeverEnough);
}

}  // namespace

MethodKind refine_kind() {
  MethodKind kind{"refine", "one TAO solve a problem, from an earlier method's answer",
                  [] { return std::make_unique<RefineSettings>(); }, solve_refine, refused_options};
  kind.live_answers = live_answers_of_tao;
  return kind;
}

}  // namespace jpo
