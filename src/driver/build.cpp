#include "driver/build.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "core/session/code_hash.hpp"
#include "core/session/session.hpp"
#include "models/registry.hpp"
#include "parallel/broadcast.hpp"
#include "parallel/machine_ranks.hpp"

namespace jpo {

Build this_build() {
  std::vector<const void*> addresses;
  for (const ModelEntry& model : registered_models()) addresses.push_back(model.code);
  return {code_hash(own_objects(addresses)), git_revision()};
}

std::string build_text(const Build& build) {
  return fmt::format("code hash {}, git revision {}",
                     build.code_hash.empty() ? "unknown" : build.code_hash, build.git_revision);
}

std::string other_build(const Build& stored) {
  const Build mine = this_build();
  if (stored.code_hash == mine.code_hash) return "";
  return fmt::format("another build of jpo ({} in the file; {} of this program)",
                     build_text(stored), build_text(mine));
}

std::string build_list(const Build& build) {
  return fmt::format("{} ({})", build.code_hash.empty() ? "unknown" : build.code_hash,
                     build.git_revision);
}

void add_builds(std::string& list, const std::string& more) {
  constexpr std::string_view between = "; ";
  for (std::size_t first = 0; first < more.size();) {
    const std::size_t end = std::min(more.find(between, first), more.size());
    const std::string build = more.substr(first, end - first);
    if (list.find(build) == std::string::npos)
      list += fmt::format("{}{}", list.empty() ? "" : between, build);
    first = end + between.size();
  }
}

void check_builds(MPI_Comm comm) {
  std::string mine;
  std::string problem;
  try {
    mine = build_text(this_build());
  } catch (const BadInput& error) {
    problem = error.what();
  }
  problem = first_text(problem, comm);
  if (!problem.empty()) throw BadInput(problem);
  std::string first = mine;
  broadcast(first, comm);
  const bool differs = mine != first;
  if (first_text(differs ? mine : "", comm).empty()) return;
  const std::vector<std::string> hosts = machine_names(comm);
  const int rank = mpi::rank(comm);
  if (differs)
    problem = fmt::format(
        "the ranks run different builds of jpo: rank 0 on {} has {}, rank {} on {} has {}; "
        "allowed: the same program on all hosts",
        hosts.front(), first, rank, hosts[static_cast<std::size_t>(rank)], mine);
  throw BadInput(first_text(problem, comm));
}

}  // namespace jpo
