#pragma once
#include "driver/job.hpp"
#include "io/result_file.hpp"

namespace jpo {

/// Writes /examples/<id>: the states over time of a few problems at the truth, where it is known,
/// and at every method's answer, for pictures. Nothing where the model keeps no trajectory.
/// Collective.
void write_examples(ResultFile& file, Job& job);

}  // namespace jpo
