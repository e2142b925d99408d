#include "io/stored_network.hpp"

#include <algorithm>
#include <filesystem>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "io/hdf5_handle.hpp"
#include "io/hdf5_read.hpp"
#include "parallel/broadcast.hpp"

namespace jpo {
namespace {

bool read_layout(hid_t group, const std::string& what, FieldLayout& layout) {
  std::int64_t periodic = 0;
  const bool good = read_attribute(group, (what + "_channels").c_str(), layout.n_channel) &&
                    read_attribute(group, (what + "_grid").c_str(), layout.n_grid) &&
                    read_attribute(group, (what + "_periodic").c_str(), periodic);
  layout.periodic = periodic != 0;
  return good;
}

bool read_box(hid_t group, ParameterSpace& space) {
  const bool good =
      read_dataset(group, "parameters", space.names) && read_dataset(group, "lower", space.lower) &&
      read_dataset(group, "upper", space.upper) && read_dataset(group, "centre", space.centre) &&
      read_dataset(group, "scale", space.scale);
  const std::size_t n = space.names.size();
  return good && space.lower.size() == n && space.upper.size() == n && space.centre.size() == n &&
         space.scale.size() == n;
}

bool read_network(hid_t file, StoredNetwork& network) {
  const std::string path = "/network/" + network.name;
  const Hid group(H5Gopen2(file, path.c_str(), H5P_DEFAULT), H5Gclose);
  return group.get() >= 0 && read_attribute(group.get(), "settings", network.settings) &&
         read_attribute(group.get(), "hash", network.hash) &&
         read_attribute(group.get(), "micro_batch", network.micro_batch) &&
         read_layout(group.get(), "observation", network.observation) &&
         read_layout(group.get(), "context", network.context) &&
         read_box(group.get(), network.parameters) &&
         read_dataset(group.get(), "layers", network.layers) &&
         read_dataset(group.get(), "weights", network.weights) &&
         read_dataset(group.get(), "input_mean", network.input_mean) &&
         read_dataset(group.get(), "input_deviation", network.input_deviation);
}

StoredNetwork read_here(const std::string& path, const std::string& name) {
  StoredNetwork network;
  std::error_code ignored;
  network.exists = std::filesystem::exists(path, ignored);
  if (!network.exists) return network;
  const Hid file = open_for_reading(path, network.problem);
  std::string deck;
  network.is_result = file.get() >= 0 && read_attribute(file.get(), "deck", deck);
  if (!network.is_result) return network;
  network.names = names_in(file.get(), "/network");
  if (name.empty() && network.names.size() == 1) network.name = network.names.front();
  if (std::ranges::find(network.names, name) != network.names.end()) network.name = name;
  if (!network.name.empty()) network.is_complete = read_network(file.get(), network);
  return network;
}

void broadcast_layout(FieldLayout& layout, MPI_Comm comm) {
  broadcast(layout.n_channel, comm);
  broadcast(layout.n_grid, comm);
  broadcast(layout.periodic, comm);
}

}  // namespace

StoredNetwork read_stored_network(const std::string& path, const std::string& name, MPI_Comm comm) {
  const int rank = mpi::rank(comm);
  StoredNetwork network;
  if (rank == 0) network = read_here(path, name);
  broadcast(network.exists, comm);
  broadcast(network.is_result, comm);
  broadcast(network.problem, comm);
  broadcast(network.names, comm);
  broadcast(network.name, comm);
  broadcast(network.is_complete, comm);
  broadcast(network.settings, comm);
  broadcast(network.hash, comm);
  broadcast(network.layers, comm);
  broadcast(network.parameters.names, comm);
  for (auto* values :
       {&network.weights, &network.input_mean, &network.input_deviation, &network.parameters.lower,
        &network.parameters.upper, &network.parameters.centre, &network.parameters.scale})
    broadcast(*values, comm);
  broadcast_layout(network.observation, comm);
  broadcast_layout(network.context, comm);
  broadcast(network.micro_batch, comm);
  return network;
}

}  // namespace jpo
