// TAO for each problem, from the centre of the box.

#include "methods/method.hpp"
#include "solving/per_problem/tao_starts.hpp"

namespace jpo {
namespace {

class TaoFromCentre final : public TaoStarts {
 public:
  using Settings = TaoSettings;
  static std::string refusal(const std::string& name, const Settings& settings, const ModelShape&) {
    return refused_options(name, settings);
  }

  // The parameters of a new result are the centre of the box.
  TaoFromCentre(const Settings& settings, const Task& task)
      : TaoStarts(settings, task, kNoLevel), centre_(task.result.parameters.copy()) {
    add_start(centre_);
  }

 private:
  Batch centre_;
};

const RegisterMethod<TaoFromCentre> registered{
    "tao", "one TAO solve per problem, from the centre of the box"};

}  // namespace
}  // namespace jpo
