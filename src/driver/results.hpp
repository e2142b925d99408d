#pragma once
#include <string>

#include "driver/job.hpp"

namespace jpo {

/// Writes the whole result of a job to its deck's output: the schema of design.md. Collective.
/// `command`: as typed. Throws CannotWrite on all ranks.
void write_results(Job& job, const std::string& command);

/// Every library's version, the processor and the compiler: what equal bits depend on.
std::vector<LibraryVersion> all_versions();

}  // namespace jpo
