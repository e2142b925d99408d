// TAO for each problem, from one or several answers of an earlier method, one after the other.

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
        {.doc =
             "the answers of this method are the starts; a problem without an answer starts at its "
             "own start",
         .required = true,
         .earlier_method = EarlierMethod::start});
    table.add(
        "starts", &starts,
        {.doc = "number of starts per problem: the best answer of the earlier method, then its "
                "snapshots, newest first; max_evaluations is the limit for all starts "
                "together",
         .min = 1,
         .max = 1000,
         .answer_count = AnswerCount::used});
    table.add("rest", &rest,
              {.doc = "true: stop at the noise level: a problem is not solved from its other "
                      "starts if its misfit is at most the level that rest_deviations sets; needs "
                      "data.inverse_crime = true, because the level is unknown otherwise"});
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
                                : kNoLevel) {
    const MethodResult& earlier = task.earlier.result(settings.from);
    add_start(earlier.parameters);
    const auto n_snapshot =
        std::min<std::int64_t>(settings.starts - 1, std::ssize(earlier.snapshots));
    for (std::int64_t k = 0; k < n_snapshot; ++k) add_start(*(earlier.snapshots.rbegin() + k));
  }
};

const RegisterMethod<Refine> registered{"refine",
                                        "TAO for each problem, from answers of an earlier method"};

}  // namespace
}  // namespace jpo
