#pragma once
#include <string>

namespace jpo {

/// Allowed values of a path in a deck.
constexpr const char* kPathForm = "path; ~/ and $NAME of a variable that is set are expanded";

/// Returns the path with ~/ at its start replaced by the home folder, and $NAME and ${NAME} by
/// environment variables, as a shell does. Variables are those of path_variable(). Throws BadInput,
/// with the reason only, if a variable is not set, and for ~user and other notation of a shell.
std::string expand_path(const std::string& path);

}  // namespace jpo
