#include "deck/expand_path.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/session/environment.hpp"
#include "deck/binding.hpp"

namespace jpo {
namespace {

constexpr const char* kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

[[noreturn]] void refuse_path(const std::string& path, const std::string& what) {
  throw BadInput(fmt::format("\"{}\": {}", one_line(path, kValueBytes), what));
}

std::string value_of(const std::string& name, const std::string& path) {
  if (const auto value = path_variable(name)) return *value;
  refuse_path(path, fmt::format("the environment variable {} is not set", name));
}

// Returns the replacement of a ~ at the start of the path; empty if there is none.
std::string home_of(const std::string& path) {
  if (!path.starts_with('~')) return "";
  const std::string name = path.substr(0, path.find('/'));
  if (name.size() > 1)
    refuse_path(path, fmt::format("the home folder {} of another user is not known", name));
  return value_of("HOME", path);
}

}  // namespace

std::string expand_path(const std::string& path) {
  std::string expanded = home_of(path);
  std::string rest = path.substr(expanded.empty() ? 0 : 1);
  for (std::size_t dollar = rest.find('$'); dollar != std::string::npos; dollar = rest.find('$')) {
    expanded += rest.substr(0, dollar);
    const bool has_braces = rest.compare(dollar + 1, 1, "{") == 0;
    const std::size_t first = dollar + (has_braces ? 2 : 1);
    const std::size_t end = std::min(rest.find_first_not_of(kLetters, first), rest.size());
    const std::string name = rest.substr(first, end - first);
    if (name.empty() || (has_braces && rest.compare(end, 1, "}") != 0))
      refuse_path(path, "$ is not followed by the name of a variable");
    expanded += value_of(name, path);
    rest = rest.substr(end + (has_braces ? 1 : 0));
  }
  return expanded + rest;
}

}  // namespace jpo
