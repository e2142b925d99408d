#include "io/place_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/errors.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;
constexpr double kFullDisk = 64 * 1024;  // bytes

// Returns the reason if the content of a file or a folder cannot be flushed to disk, else "".
std::string sync_path(const std::string& path, int flags) {
  const int file = open(path.c_str(), flags);
  const bool good = file >= 0 && fsync(file) == 0;
  const int error = errno;
  if (file >= 0) close(file);
  return good ? "" : fmt::format("{}: {}", path, std::strerror(error));
}

[[noreturn]] void fail(const char* call, int error) {
  throw CannotWrite(fmt::format("{}: {}", call, std::strerror(error)));
}

void replace(const std::string& part, const std::string& path) {
  if (std::rename(part.c_str(), path.c_str()) != 0) fail("rename", errno);
}

// rename() alone would replace a file that another run has written meanwhile. link() does not. File
// systems without hard links get an empty file at the path first, which only one run can create.
void place_new(const std::string& part, const std::string& path) {
  if (link(part.c_str(), path.c_str()) == 0) {
    unlink(part.c_str());
    return;
  }
  if (errno == EEXIST) fail("link", EEXIST);
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (file < 0) fail("open", errno);
  close(file);
  if (std::rename(part.c_str(), path.c_str()) == 0) return;
  const int error = errno;
  unlink(path.c_str());
  fail("rename", error);
}

}  // namespace

std::string follow_links(const std::string& path) {
  fs::path followed = path;
  std::error_code error;
  for (int k = 0; k < kMostLinks && fs::is_symlink(followed, error); ++k) {
    const fs::path target = fs::read_symlink(followed, error);
    if (error) return path;
    followed = target.is_absolute() ? target : followed.parent_path() / target;
  }
  return fs::is_symlink(followed, error) ? path : followed.string();
}

void place_file(const std::string& part, const std::string& path, bool overwrite,
                std::string& warning) {
  const std::string unsynced = sync_path(part, O_RDONLY);
  if (!unsynced.empty()) throw CannotWrite(unsynced);
  if (overwrite)
    replace(part, path);
  else
    place_new(part, path);
  // Some file systems cannot flush a folder. The file is complete in any case.
  const fs::path parent = fs::path(path).parent_path();
  warning = sync_path(parent.empty() ? "." : parent.string(), O_RDONLY | O_DIRECTORY);
}

std::string full_disk_text(const std::string& path) {
  struct statvfs room {};
  if (statvfs(path.c_str(), &room) != 0) return "";
  const double bytes = static_cast<double>(room.f_bavail) * static_cast<double>(room.f_frsize);
  return bytes < kFullDisk ? std::strerror(ENOSPC) : "";
}

}  // namespace jpo
