// jpo version: the program, its revision, and its libraries.

#include "core/log.hpp"
#include "core/session/session.hpp"
#include "driver/output/results.hpp"
#include "driver/verb.hpp"

namespace jpo {
namespace {

class Version final : public Verb {
 public:
  void add_arguments(CLI::App& /*parser*/) override {}
  ExitCode run(const std::string& /*command*/, MPI_Comm /*comm*/) override {
    log_info("jpo {} ({})", jpo_version(), git_revision());
    for (const auto& [name, version] : all_versions()) log_info("{:<16} {}", name, version);
    return ExitCode::done;
  }
};

const RegisterVerb<Version> registered{"version", "version, revision, libraries"};

}  // namespace
}  // namespace jpo
