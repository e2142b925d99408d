#pragma once
#include <string>
#include <vector>

namespace jpo {

/// Memory that processes of this machine can still have [bytes]: what the kernel calls available or
/// what a control group of this process leaves, whichever is less; infinity where neither says.
/// `root` stands for "/" in tests. Not collective.
double available_memory(const std::string& root = "/");

/// Processors' worth of time that control groups allow the processes in them together; infinity
/// where they say nothing. Not collective.
double available_processors(const std::string& root = "/");

/// Cores that this process may run on, ascending, each named by its lowest processor: two hardware
/// threads of a core are one. Empty where the system does not say. Not collective.
std::vector<int> allowed_cores(const std::string& root = "/");

}  // namespace jpo
