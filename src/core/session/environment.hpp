#pragma once
// The environment variables that jpo reads. All of them are listed here and read by these
// functions; `jpo doctor` prints the list. Libraries read further variables of their own.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace jpo {

struct EnvironmentVariable {
  std::string name;
  /// Use of the variable, one line.
  std::string description;
};

/// Returns all variables that jpo reads.
const std::vector<EnvironmentVariable>& environment_variables();

/// Returns the value of a variable of this list on this rank; empty if it is not set.
std::string environment_value(const std::string& name);
/// Returns the value as an integer >= 1. Returns nothing if the variable is not set, or if its
/// value is no such integer; `problem` then names it.
std::optional<std::int64_t> environment_integer(const std::string& name, std::string& problem);

/// Returns all variables of this process, as a text for set_path_environment.
std::string whole_environment();
/// Sets the variables that path_variable returns. All ranks must use those of one rank, because
/// environments may differ between machines.
void set_path_environment(const std::string& variables);
/// Returns a variable that a path contains, from set_path_environment; from this process if that
/// was not called. Nothing if it is not set or empty.
std::optional<std::string> path_variable(const std::string& name);

}  // namespace jpo
