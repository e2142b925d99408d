#pragma once
// A trained network in a result file: all that it takes to predict with it again.

#include <cstdint>
#include <string>
#include <vector>

#include <mpi.h>

#include "core/parameter_space.hpp"

namespace jpo {

struct StoredNetwork {
  /// Something stands at the path.
  bool exists = false;
  /// And it is a result file.
  bool is_result = false;
  /// Of all networks in it.
  std::vector<std::string> names;
  /// The one that was asked for; empty: not there, or not said which of several.
  std::string name;
  /// Everything below was there.
  bool is_complete = false;
  /// The keys of [network] that it was made by, as TOML.
  std::string settings;
  /// Of its weights' bytes.
  std::string hash;
  std::vector<std::string> layers;
  std::vector<double> weights;
  std::vector<double> input_mean;
  std::vector<double> input_deviation;
  /// Sizes only, no texts.
  FieldLayout observation;
  /// Sizes only, no texts.
  FieldLayout context;
  /// Names and box, no units: answers fill this box.
  ParameterSpace parameters;
  /// Rows of one call.
  std::int64_t micro_batch = 0;
};

/// The network called `name`; the only one of the file where `name` is empty. Rank 0 reads, all
/// ranks get the same. Collective on comm; throws nothing.
StoredNetwork read_stored_network(const std::string& path, const std::string& name, MPI_Comm comm);

}  // namespace jpo
