#pragma once
// How a complete part file becomes the file at its path: atomically, on file systems with and
// without hard links. Used on one rank.

#include <string>

namespace jpo {

/// Returns the file that `path` names: symbolic links are followed, also to a file that does not
/// exist yet. Returns `path` if it is no link, or if links form a loop.
std::string follow_links(const std::string& path);

/// Moves the complete file `part` to `path`, in the same folder. `overwrite`: an existing file is
/// replaced; otherwise it is an error. On return, the file is on disk, unless `warning` has a text.
/// Throws CannotWrite; then both files are unchanged.
void place_file(const std::string& part, const std::string& path, bool overwrite,
                std::string& warning);

/// Returns strerror(ENOSPC) if the file system of `path` has less than 64 KiB of room, else "".
std::string full_disk_text(const std::string& path);

}  // namespace jpo
