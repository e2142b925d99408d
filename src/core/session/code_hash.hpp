#pragma once
// A hash of the program's own code: two programs with equal hashes compute the same results.

#include <span>
#include <string>
#include <vector>

namespace jpo {

/// Returns the path of this program and the paths of the loaded shared libraries that contain one
/// of these addresses, each path once. Not collective.
std::vector<std::string> own_objects(std::span<const void* const> addresses);

/// Returns a hash of machine code and constants in these ELF files (16 hexadecimal digits). Symbols
/// for debuggers, build ids and the git revision do not belong to it, nor does the order of
/// `objects`. Throws BadInput if a file cannot be read. Not collective.
std::string code_hash(const std::vector<std::string>& objects);

}  // namespace jpo
