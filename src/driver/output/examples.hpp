#pragma once
#include "driver/job.hpp"
#include "io/result_file.hpp"

namespace jpo {

/// Writes /examples/<id>, for figures: the states over time of a few problems, at the truth if it
/// is known and at the answer of each method. Writes nothing if the model keeps no trajectory.
/// Collective.
void write_examples(ResultFile& file, Job& job);

}  // namespace jpo
