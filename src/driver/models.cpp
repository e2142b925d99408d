// jpo models: lists the forward models.

#include "core/log.hpp"
#include "driver/verb.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

class Models final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override {
    add_notes(parser, {.examples = {"jpo models", "jpo check --keys   (the keys of each model)"},
                       .exit_codes = "  0  done",
                       .documents = "inputs/README.md (decks)"});
  }
  ExitCode run(const std::string& /*command*/, MPI_Comm /*comm*/) override {
    for (const ModelEntry& entry : registered_models())
      log_info("{:<24} {}", entry.name, entry.summary);
    return ExitCode::done;
  }
};

const RegisterVerb<Models> registered{"models", "list the forward models, one per line"};

}  // namespace
}  // namespace jpo
