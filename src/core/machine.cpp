#include "core/machine.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>

namespace jpo {
namespace {

namespace fs = std::filesystem;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

// The number that a file holds; none where it says "max", or is not there.
std::optional<double> number_in(const fs::path& path) {
  std::ifstream file(path);
  double number = 0.0;
  if (file >> number) return number;
  return std::nullopt;
}

// The number behind a name, in a file of lines "name number".
std::optional<double> number_behind(const std::string& name, const fs::path& path) {
  std::ifstream file(path);
  double number = 0.0;
  for (std::string word; file >> word;)
    if (word == name && file >> number) return number;
  return std::nullopt;
}

// Where one version of control groups keeps its numbers.
struct GroupFiles {
  const char* top;
  const char* limit;
  const char* usage;
  const char* cache;  ///< in memory.stat: pages of files, which are given back on demand
};
constexpr GroupFiles kVersion1 = {"sys/fs/cgroup/memory", "memory.limit_in_bytes",
                                  "memory.usage_in_bytes", "total_inactive_file"};
constexpr GroupFiles kVersion2 = {"sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"};

double left_in(const fs::path& group, const GroupFiles& files) {
  const auto limit = number_in(group / files.limit);
  const auto usage = number_in(group / files.usage);
  if (!limit || !usage) return kNoLimit;
  const double cache = number_behind(files.cache, group / "memory.stat").value_or(0.0);
  return std::max(0.0, *limit - std::max(0.0, *usage - cache));
}

// The least that a group or one of those above it leaves.
double left_in_groups(const fs::path& root, const std::string& group, const GroupFiles& files) {
  const fs::path top = root / files.top;
  fs::path below = fs::path(group).relative_path();
  double left = left_in(top, files);
  for (; !below.empty(); below = below.parent_path())
    left = std::min(left, left_in(top / below, files));
  return left;
}

}  // namespace

double available_memory(const std::string& root) {
  const fs::path top(root);
  constexpr double kilo = 1024.0;
  double available = kilo * number_behind("MemAvailable:", top / "proc/meminfo").value_or(kNoLimit);
  std::ifstream groups(top / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "NUMBER:CONTROLLERS:GROUP"
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty())
      available = std::min(available, left_in_groups(top, group, kVersion2));
    else if (controllers.find("memory") != std::string::npos)
      available = std::min(available, left_in_groups(top, group, kVersion1));
  }
  return available;
}

}  // namespace jpo
