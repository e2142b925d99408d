#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "io/place_file.hpp"
#include "io/result_file.hpp"
#include "parallel/broadcast.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

enum class PathState : std::uint8_t { good, exists, directory, not_a_file, unwritable };

// Creates the directory and a part file, and removes the part file. `cause`: text of a failure.
PathState try_path(const fs::path& path, bool overwrite, std::string& cause) {
  std::error_code code;
  if (fs::is_directory(path, code) || !path.has_filename()) return PathState::directory;
  if (fs::exists(path, code) && !fs::is_regular_file(path, code)) return PathState::not_a_file;
  if (fs::exists(path, code) && !overwrite) return PathState::exists;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), code);
  const std::string part = path.string() + "." + std::to_string(getpid()) + ".part";
  errno = 0;
  if (code || !std::ofstream(part).good()) {
    cause = std::strerror(code ? code.value() : errno);
    return PathState::unwritable;
  }
  try {
    // The calls of ResultFile::commit().
    const std::string trial = part + ".trial";
    std::string warning;
    place_file(part, trial, overwrite, warning);
    fs::remove(trial, code);
    return PathState::good;
  } catch (const CannotWrite& error) {
    cause = error.what();
    fs::remove(part, code);
    return PathState::unwritable;
  }
}

}  // namespace

bool is_same_file(const std::string& a, const std::string& b, MPI_Comm comm) {
  std::error_code ignored;
  bool same = fs::equivalent(a, b, ignored);
  broadcast(same, comm);
  return same;
}

void check_output_path(const std::string& path, bool overwrite, MPI_Comm comm) {
  const int rank = mpi::rank(comm);
  std::int64_t state = 0;
  std::string cause;
  if (rank == 0) state = static_cast<std::int64_t>(try_path(follow_links(path), overwrite, cause));
  broadcast(state, comm);
  broadcast(cause, comm);
  switch (static_cast<PathState>(state)) {
    case PathState::good:
      return;
    case PathState::directory:
      throw BadInput(
          fmt::format("run.output = \"{}\" is a directory; allowed: the path of a file", path));
    case PathState::not_a_file:
      throw BadInput(fmt::format(
          "run.output = \"{}\" is not a regular file; allowed: the path of a file", path));
    case PathState::exists:
      throw BadInput(
          fmt::format("run.output = \"{}\" exists and is not overwritten; allowed: another path, "
                      "or --overwrite",
                      path));
    case PathState::unwritable:
      throw BadInput(
          fmt::format("run.output = \"{}\" cannot be written: {}; allowed: a path in a directory "
                      "with write permission",
                      path, cause));
  }
}

std::vector<std::string> stale_parts(const std::string& path, MPI_Comm comm) {
  std::vector<std::string> parts;
  const int rank = mpi::rank(comm);
  const fs::path file = follow_links(path);
  const fs::path folder = file.parent_path();
  const std::string prefix = file.filename().string() + ".";
  std::error_code error;
  if (rank == 0)
    for (fs::directory_iterator entry(folder.empty() ? "." : folder, error), end;
         !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename();
      if (name.starts_with(prefix) && name.ends_with(".part")) parts.push_back(entry->path());
    }
  broadcast(parts, comm);
  return parts;
}

}  // namespace jpo
