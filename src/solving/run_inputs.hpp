#pragma once
#include <string>

#include <mpi.h>

#include "models/forward_model.hpp"

namespace jpo {

/// Inputs of a run that a method can check before it starts, besides its own settings.
struct RunInputs {
  const ModelShape& shape;
  /// Path of the result file of the run.
  std::string output;
  MPI_Comm comm;
  /// True if the true parameters of some problems are known.
  bool knows_truth = false;
};

}  // namespace jpo
