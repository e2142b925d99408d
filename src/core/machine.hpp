#pragma once
#include <string>
#include <vector>

namespace jpo {

/// Returns the memory that is still available to this process [bytes]: the smaller of the kernel's
/// MemAvailable and the memory left by its control groups. Infinity if both are unknown. Tests
/// replace "/" by `root`. Not collective.
double available_memory(const std::string& root = "/");

/// Returns the processor time per unit of time that control groups allow to all their processes
/// together; infinity if they set no limit. Not collective.
double available_processors(const std::string& root = "/");

/// Returns the cores on which this process may run, ascending. A core is identified by its lowest
/// processor, so that its hardware threads count once. Empty if unknown. Not collective.
std::vector<int> allowed_cores(const std::string& root = "/");

}  // namespace jpo
