#pragma once
#include <string>

namespace jpo {

/// Memory that processes of this machine can still have [bytes]: what the kernel calls available or
/// what a control group of this process leaves, whichever is less; infinity where neither says.
/// `root` stands for "/" in tests. Not collective.
double available_memory(const std::string& root = "/");

}  // namespace jpo
