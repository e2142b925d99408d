// TAO for each problem, from the problem's start.

#include "methods/method.hpp"
#include "solving/per_problem/tao_starts.hpp"

namespace jpo {
namespace {

class TaoFromStart final : public TaoStarts {
 public:
  using Settings = TaoSettings;
  static std::string refusal(const std::string& name, const Settings& settings, const ModelShape&) {
    return refused_options(name, settings);
  }

  // The parameters of a new result are the problem's start.
  TaoFromStart(const Settings& settings, const Task& task)
      : TaoStarts(settings, task, kNoLevel), start_(task.result.parameters.copy()) {
    add_start(start_);
  }

 private:
  Batch start_;
};

const RegisterMethod<TaoFromStart> registered{
    "tao", "one TAO solve per problem, from the problem's start"};

}  // namespace
}  // namespace jpo
