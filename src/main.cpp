// The program jpo: starts the libraries, parses the command line and runs one verb.

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <mpi.h>

#include "core/errors.hpp"
#include "core/log.hpp"
#include "core/registry.hpp"
#include "core/session/environment.hpp"
#include "core/session/session.hpp"
#include "driver/build.hpp"
#include "driver/verb.hpp"

namespace {

using jpo::ExitCode;

std::string command_line(int argc, char** argv) {
  std::string line;
  for (int k = 0; k < argc; ++k) line += (k > 0 ? " " : "") + std::string(argv[k]);
  return line;
}

ExitCode dispatch(int argc, char** argv, const jpo::Session& session) {
  for (const std::string& error : jpo::registration_errors()) throw jpo::BadInput(error);
  CLI::App app{"jpo: joint solution of large sets of related inverse problems", "jpo"};
  app.require_subcommand(1);
  jpo::add_notes(
      app,
      {.examples = {"jpo check inputs/kuramoto_sivashinsky.toml",
                    "mpirun -n 8 jpo run inputs/kuramoto_sivashinsky.toml",
                    "jpo run --help     (arguments, examples and exit codes of one verb)",
                    "jpo check --keys   (every key of a deck)"},
       .exit_codes = std::string(jpo::kRunExitCodes) +
                     "\n  jpo verify returns 1 if a check failed; jpo doctor returns 3 or 4 if "
                     "a run would fail here",
       .documents = "README.md; inputs/README.md (decks, verbs, methods, studies);\n"
                    "  jobs/README.md (installation, clusters, checkpoints)"});
  std::vector<std::pair<CLI::App*, std::unique_ptr<jpo::Verb>>> verbs;
  for (const jpo::VerbEntry& entry : jpo::registered_verbs()) {
    verbs.emplace_back(app.add_subcommand(entry.name, entry.summary), entry.make());
    verbs.back().second->add_arguments(*verbs.back().first);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (session.rank() == 0) app.exit(error);
    return error.get_exit_code() == 0 ? ExitCode::done : ExitCode::bad_input;
  }
  jpo::check_builds(session.comm());
  const auto chosen =
      std::ranges::find_if(verbs, [](const auto& verb) { return verb.first->parsed(); });
  return chosen->second->run(command_line(argc, argv), session.comm());
}

// A verb whose output is lost has failed. A reader that closed the pipe has seen enough.
ExitCode with_output(ExitCode code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  const int error = jpo::log_error() != 0 ? jpo::log_error() : errno;
  if (error == EPIPE) return code;
  std::fprintf(stderr, "jpo: cannot write standard output: %s\n", std::strerror(error));
  return code == ExitCode::done ? ExitCode::cannot_write : code;
}

}  // namespace

int main(int argc, char** argv) {
  const jpo::Session session(&argc, &argv);
  jpo::start_log(session.rank(), !jpo::environment_value("OMPI_COMM_WORLD_SIZE").empty());
  try {
    return static_cast<int>(with_output(dispatch(argc, argv, session)));
  } catch (const jpo::Error& error) {
    if (session.rank() == 0) std::fprintf(stderr, "jpo: %s\n", error.what());
    // All ranks wait until rank 0 has printed, because mpirun kills the others when one rank fails.
    MPI_Barrier(session.comm());
    // A file that could not be written is still open. HDF5 would try to close it again inside
    // MPI_Finalize, and hang or crash there.
    if (error.code() == jpo::ExitCode::cannot_write) {
      std::fflush(nullptr);
      _exit(static_cast<int>(error.code()));
    }
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "jpo: internal error on rank %d: %s\n", session.rank(), error.what());
    MPI_Abort(session.comm(), static_cast<int>(ExitCode::internal_error));
  }
  return static_cast<int>(ExitCode::internal_error);
}
