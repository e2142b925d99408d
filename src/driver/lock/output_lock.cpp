#include "driver/lock/output_lock.hpp"

#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "driver/checkpoints/checkpoints.hpp"
#include "io/place_file.hpp"
#include "parallel/broadcast.hpp"

namespace jpo {
namespace {

struct LockTarget {
  std::string key;
  std::string path;
};

// The default folder of checkpoints has the same lock as the result file. Empty if the path has no
// name; it is then refused later.
std::string lock_path(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  path = follow_links(path);
  if (!std::filesystem::path(path).has_filename()) return "";
  if (path.ends_with(kCheckpointsSuffix)) path.resize(path.size() - kCheckpointsSuffix.size());
  return path + ".lock";
}

}  // namespace

OutputLock::OutputLock(const Deck& deck, MPI_Comm comm) : comm_(comm) {
  std::vector<LockTarget> targets = {{"run.output", deck.section<RunSettings>("run").output_path()},
                                     {"checkpoint.directory", checkpoint_folder(deck)}};
  if (lock_path(targets[0].path) == lock_path(targets[1].path)) targets.pop_back();
  std::string refusal;
  if (mpi::rank(comm_) == 0) {
    for (const auto& [key, path] : targets) {
      const std::string file = lock_path(path);
      if (!refusal.empty() || file.empty()) continue;
      files_.push_back(std::make_unique<LockFile>(file));
      const std::string& in_use = files_.back()->in_use();
      if (!in_use.empty())
        refusal = fmt::format(
            "{} = \"{}\" is {}; allowed: another {}, or to wait until that run has ended", key,
            path, in_use, key);
    }
  }
  broadcast(refusal, comm_);
  if (!refusal.empty()) throw BadInput(refusal);
}

void OutputLock::check() const {
  std::string problem;
  for (const auto& file : files_)
    if (problem.empty()) problem = file->problem();
  broadcast(problem, comm_);
  if (!problem.empty()) throw CannotWrite(problem);
}

}  // namespace jpo
