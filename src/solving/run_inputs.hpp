#pragma once
#include <string>

#include <mpi.h>

#include "models/forward_model.hpp"

namespace jpo {

/// What a method can check before a run, besides its own settings.
struct RunInputs {
  const ModelShape& shape;
  /// Path of the run's own result file.
  std::string output;
  MPI_Comm comm;
  /// True if the true parameters of some problems are known.
  bool knows_truth = false;
};

}  // namespace jpo
