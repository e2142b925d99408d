#pragma once
// A trained network in a result file: its settings, weights and input normalization, from which
// predictions can be made again.

#include <cstdint>
#include <string>
#include <vector>

#include <mpi.h>

#include "core/parameter_space.hpp"

namespace jpo {

struct StoredNetwork {
  /// True if the path exists.
  bool exists = false;
  /// True if it is a result file.
  bool is_result = false;
  /// Reason why the file cannot be opened; empty if it can.
  std::string problem;
  /// Names of all networks in the file.
  std::vector<std::string> names;
  /// Name of the requested network; empty if it is missing, or if the file has several networks and
  /// no name was given.
  std::string name;
  /// True if all members below were read.
  bool is_complete = false;
  /// Keys of [network] with which it was built, as TOML.
  std::string settings;
  /// Hash of the weights.
  std::string hash;
  std::vector<std::string> layers;
  std::vector<double> weights;
  std::vector<double> input_mean;
  std::vector<double> input_deviation;
  /// Without unit and description.
  FieldLayout observation;
  /// Without unit and description.
  FieldLayout context;
  /// Names and box of the outputs, without units.
  ParameterSpace parameters;
  /// Number of rows per call of the network.
  std::int64_t micro_batch = 0;
};

/// Reads the network called `name`, or the only network of the file if `name` is empty. Rank 0
/// reads; the result is the same on all ranks. Failures are shown by the members, not by
/// exceptions. Collective on comm.
StoredNetwork read_stored_network(const std::string& path, const std::string& name, MPI_Comm comm);

}  // namespace jpo
