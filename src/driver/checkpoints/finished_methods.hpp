#pragma once
// The part of a checkpoint that belongs to no running method.

#include <vector>

#include "core/device/state_archive.hpp"
#include "driver/job.hpp"

namespace jpo {

/// Writes or reads the reference misfits of a job and the results of its finished methods, with
/// their networks. Throws BadInput if the stored network of a method has changed since the
/// checkpoint was written. Collective.
void archive_finished_methods(StateArchive& archive, Job& job, std::vector<MethodResult>& results);

}  // namespace jpo
