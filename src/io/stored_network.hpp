#pragma once
// A trained network in a result file: all that it takes to predict with it again.

#include <cstdint>
#include <string>
#include <vector>

#include <mpi.h>

#include "core/parameter_space.hpp"

namespace jpo {

struct StoredNetwork {
  bool exists = false;             ///< something stands at the path
  bool is_result = false;          ///< and it is a result file
  std::vector<std::string> names;  ///< of all networks in it
  std::string name;                ///< the one that was asked for; empty: not there, or not said
                                   ///< which of several
  bool is_complete = false;        ///< everything below was there
  std::string settings;            ///< the keys of [network] that it was made by, as TOML
  std::string hash;                ///< of its weights' bytes
  std::vector<std::string> layers;
  std::vector<double> weights;
  std::vector<double> input_mean;
  std::vector<double> input_deviation;
  FieldLayout observation;       ///< sizes only, no texts
  FieldLayout context;           ///< sizes only, no texts
  ParameterSpace parameters;     ///< names and box, no units: answers fill this box
  std::int64_t micro_batch = 0;  ///< rows of one call
};

/// The network called `name`; the only one of the file where `name` is empty. Rank 0 reads, all
/// ranks get the same. Collective on comm; throws nothing.
StoredNetwork read_stored_network(const std::string& path, const std::string& name, MPI_Comm comm);

}  // namespace jpo
