#pragma once
#include <string>

#include "driver/job.hpp"

namespace jpo {

/// How a run was called, and when: "2026-05-01T12:00:00Z".
struct RunRecord {
  std::string command;
  std::string started;
  bool overwrite = false;
  /// Of a study; empty for a run of its own.
  std::string variant;
  /// The checkpoint to resume from; empty: from the beginning.
  std::string checkpoint;
  /// The command that resumes this run, for messages.
  std::string resumed_by;
};
/// The time now, in UTC.
std::string time_stamp();

/// Writes the whole result of a job to its deck's output: schema version 1, described in
/// postprocess/README.md. Collective. Throws CannotWrite on all ranks.
void write_results(Job& job, const RunRecord& record);

/// Every library's version, the processor and the compiler: what equal bits depend on.
std::vector<LibraryVersion> all_versions();

}  // namespace jpo
