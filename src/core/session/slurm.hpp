#pragma once
// The Slurm job around this process.

#include <cstdint>
#include <optional>
#include <string>

namespace jpo {

/// Returns the end of the Slurm job from SLURM_JOB_END_TIME, in seconds since 1970. Nothing if the
/// variable is not set, or is no time: `problem` then names it.
std::optional<std::int64_t> slurm_job_end(std::string& problem);

}  // namespace jpo
