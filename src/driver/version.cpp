// jpo version: prints the version, revision and code hash of the program and the versions of its
// libraries.

#include "core/log.hpp"
#include "core/session/session.hpp"
#include "driver/build.hpp"
#include "driver/output/results.hpp"
#include "driver/verb.hpp"

namespace jpo {
namespace {

class Version final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override {
    add_notes(parser, {.examples = {"jpo version"},
                       .exit_codes = "  0  done",
                       .documents = "jobs/README.md (installation)"});
  }
  ExitCode run(const std::string& /*command*/, MPI_Comm /*comm*/) override {
    log_info("jpo {} ({})", jpo_version(), git_revision());
    log_info("{:<16} {}", "code_hash", this_build().code_hash);
    for (const auto& [name, version] : all_versions()) log_info("{:<16} {}", name, version);
    return ExitCode::done;
  }
};

const RegisterVerb<Version> registered{
    "version", "print version, git revision, code hash and library versions"};

}  // namespace
}  // namespace jpo
