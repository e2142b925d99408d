// jpo models: lists the forward models.

#include "core/log.hpp"
#include "driver/verb.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

class Models final : public Verb {
 public:
  void add_arguments(CLI::App& /*parser*/) override {}
  ExitCode run(const std::string& /*command*/, MPI_Comm /*comm*/) override {
    for (const ModelEntry& entry : registered_models())
      log_info("{:<24} {}", entry.name, entry.summary);
    return ExitCode::done;
  }
};

const RegisterVerb<Models> registered{"models", "list the forward models"};

}  // namespace
}  // namespace jpo
