// Per-problem TAO from another method's answer, or from several one after the other.

#include <algorithm>

#include "methods/method.hpp"
#include "solving/per_problem/tao_starts.hpp"

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

class Refine final : public TaoStarts {
 public:
  using Settings = RefineSettings;
  static std::string refusal(const std::string& name, const Settings& settings, const ModelShape&) {
    return refused_options(name, settings);
  }

  Refine(const Settings& settings, const Task& task)
      : TaoStarts(settings, task,
                  settings.rest ? task.levels.attainable.solved_below(settings.rest_deviations)
                                : kNeverEnough) {
    const MethodResult& earlier = task.earlier.result(settings.from);
    add_start(earlier.parameters);
    const auto n_snapshot =
        std::min<std::int64_t>(settings.starts - 1, std::ssize(earlier.snapshots));
    for (std::int64_t k = 0; k < n_snapshot; ++k) add_start(*(earlier.snapshots.rbegin() + k));
  }
};

const RegisterMethod<Refine> registered{"refine",
                                        "one TAO solve a problem, from an earlier method's answer"};

}  // namespace
}  // namespace jpo
