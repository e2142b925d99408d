#include "core/machine.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sched.h>
#include <set>

#include <fmt/format.h>

namespace jpo {
namespace {

namespace fs = std::filesystem;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

// Returns the number in a file; none if the file is missing or does not begin with a number
// ("max").
std::optional<double> number_in(const fs::path& path) {
  std::ifstream file(path);
  double number = 0.0;
  if (file >> number) return number;
  return std::nullopt;
}

// Returns the number that follows `name`, in a file of lines "name number".
std::optional<double> number_after(const std::string& name, const fs::path& path) {
  std::ifstream file(path);
  double number = 0.0;
  for (std::string word; file >> word;)
    if (word == name && file >> number) return number;
  return std::nullopt;
}

// Folder of a control group, and the version of control groups that it belongs to.
struct Group {
  fs::path folder;
  bool is_version2;
};

bool names_controller(const std::string& list, const std::string& controller) {
  return ("," + list + ",").find("," + controller + ",") != std::string::npos;
}

// Returns the control groups of this process that can limit `controller`, and all their ancestors.
std::vector<Group> groups_of_process(const fs::path& root, const std::string& controller) {
  std::vector<Group> found;
  std::ifstream groups(root / "proc/self/cgroup");
  // Each line is "NUMBER:CONTROLLERS:GROUP".
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool is_version2 = controllers.empty();
    if (!is_version2 && !names_controller(controllers, controller)) continue;
    const fs::path top = root / "sys/fs/cgroup" / (is_version2 ? "" : controller);
    fs::path below = fs::path(line.substr(second + 1)).relative_path();
    found.push_back({top, is_version2});
    for (; !below.empty(); below = below.parent_path()) found.push_back({top / below, is_version2});
  }
  return found;
}

// Returns the bytes that the group's limit leaves; infinity if there is no limit.
double memory_left(const Group& group) {
  const auto limit =
      number_in(group.folder / (group.is_version2 ? "memory.max" : "memory.limit_in_bytes"));
  const auto usage =
      number_in(group.folder / (group.is_version2 ? "memory.current" : "memory.usage_in_bytes"));
  if (!limit || !usage) return kNoLimit;
  // The kernel releases inactive pages of files on demand, so they count as free.
  const double cache = number_after(group.is_version2 ? "inactive_file" : "total_inactive_file",
                                    group.folder / "memory.stat")
                           .value_or(0.0);
  return std::max(0.0, *limit - std::max(0.0, *usage - cache));
}

// Returns the processor time of the group per unit of time; infinity if there is no limit.
// Version 2 has "QUOTA PERIOD", or "max PERIOD" for no limit; version 1 has the quota -1.
double processor_quota(const Group& group) {
  std::optional<double> quota;
  std::optional<double> period;
  if (group.is_version2) {
    std::ifstream file(group.folder / "cpu.max");
    double both[2];
    if (file >> both[0] >> both[1]) quota = both[0], period = both[1];
  } else {
    quota = number_in(group.folder / "cpu.cfs_quota_us");
    period = number_in(group.folder / "cpu.cfs_period_us");
  }
  return quota && period && *quota > 0.0 && *period > 0.0 ? *quota / *period : kNoLimit;
}

// Returns the lowest processor of the core: the first number of a list such as "0,64" or "0-1".
int core_of(int processor, const fs::path& root) {
  const auto lowest = number_in(root / "sys/devices/system/cpu" / fmt::format("cpu{}", processor) /
                                "topology/thread_siblings_list");
  return lowest ? static_cast<int>(*lowest) : processor;
}

}  // namespace

double available_memory(const std::string& root) {
  constexpr double kilo = 1024.0;
  double available =
      kilo * number_after("MemAvailable:", fs::path(root) / "proc/meminfo").value_or(kNoLimit);
  for (const Group& group : groups_of_process(root, "memory"))
    available = std::min(available, memory_left(group));
  return available;
}

double available_processors(const std::string& root) {
  double available = kNoLimit;
  for (const Group& group : groups_of_process(root, "cpu"))
    available = std::min(available, processor_quota(group));
  return available;
}

std::vector<int> allowed_cores(const std::string& root) {
  // The kernel rejects masks that are shorter than its own.
  constexpr int most_processors = 65536;
  std::vector<cpu_set_t> mask(most_processors / CPU_SETSIZE);
  const std::size_t size = mask.size() * sizeof(cpu_set_t);
  std::set<int> cores;
  if (sched_getaffinity(0, size, mask.data()) == 0)
    for (int processor = 0; processor < most_processors; ++processor)
      if (CPU_ISSET_S(processor, size, mask.data())) cores.insert(core_of(processor, root));
  return {cores.begin(), cores.end()};
}

}  // namespace jpo
