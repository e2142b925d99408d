#pragma once
#include <string>

#include "driver/job.hpp"
#include "driver/output/judgement.hpp"

namespace jpo {

/// Facts about a run beside its deck.
struct RunRecord {
  /// The whole command line.
  std::string command;
  /// Time of the start, as time_stamp().
  std::string started;
  /// True if an older result file is to be replaced.
  bool overwrite = false;
  /// Variant of the study; empty if the run is not part of one.
  std::string variant;
  /// The checkpoint to resume from; empty: from the beginning.
  std::string checkpoint;
  /// The command that resumes this run, for messages.
  std::string resumed_by;
  /// True if results and checkpoints of other builds of the program are accepted.
  bool accept_other_build = false;
  /// The builds that worked on the run, or on its study before it: a list as in add_builds().
  std::string builds{};
  /// True if the run has not finished: the last method may be running.
  bool is_incomplete = false;
};
/// Returns the current time in UTC: "2026-05-01T12:00:00Z".
std::string time_stamp();

/// Writes the result of a job to run.output of its deck, with schema version 2 (see
/// postprocess/README.md). Collective. Throws CannotWrite on all ranks.
void write_results(Job& job, const std::vector<Judgement>& judgements, const RunRecord& record);

/// Returns the versions of all libraries, the compiler and the processor, on which the bits of a
/// result depend.
std::vector<LibraryVersion> all_versions();

}  // namespace jpo
